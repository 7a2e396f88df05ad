// Where lines of a text stand in another state of it.
//
// Threads: any; a function.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "lsp/document.h"

namespace fathom::lsp {

/// Whether the document has these whole lines, which have LF between them, from `line` on.
bool has_lines(const Document& document, std::string_view lines, uint32_t line);

/// `line` if the document has them there, else the only line from which on it has them.
std::optional<uint32_t> find_lines(const Document& document, std::string_view lines, uint32_t line);

/// From the begin of `line` to the end of the last of `n_lines`, all of which the document has.
Range range_of_lines(const Document& document, uint32_t line, uint32_t n_lines);

}  // namespace fathom::lsp
