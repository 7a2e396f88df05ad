// Text of strangers made safe to look at: what a terminal or a reader's eye could be fooled by is
// spelled out.

#pragma once

#include <string>
#include <string_view>

namespace fathom::completion {

/// `text` as valid UTF-8 without effects: control characters as \x1b, characters that reorder or
/// hide others (bidirectional controls, zero width, tags: "Trojan Source") as \u202e, bytes that
/// are not UTF-8 as U+FFFD. Tabs stay.
std::string visible_text(std::string_view text);
/// The same, but line feeds stay, too.
std::string visible_lines(std::string_view text);

/// Whether visible_lines() would change nothing but CR before LF.
bool is_plain_text(std::string_view text);

}  // namespace fathom::completion
