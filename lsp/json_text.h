// JSON from and to the texts of messages, forgiving what editors do to text.

#pragma once

#include <string>
#include <string_view>

#include "lsp/json.h"

namespace fathom::lsp {

/// Deeper than any message of the protocol; what is deeper would cost memory, not bring meaning.
inline constexpr int kMaxJsonDepth = 128;

/// The value, or a discarded one (Json::is_discarded) if `text` is not JSON or too deep.
///
/// Bytes that are not UTF-8 become '?', one for each: an editor that sends a Latin-1 file as it is
/// counts columns in those bytes, and this keeps every column right. Escapes of half a surrogate
/// pair become U+FFFD, which is one code unit, too.
Json parse_json(std::string_view text);

/// One line, always valid UTF-8: other bytes become U+FFFD.
std::string to_text(const Json& value);

}  // namespace fathom::lsp
