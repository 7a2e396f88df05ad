// Loops in generated text: small models, and large ones without context, fall into them.

#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace fathom::completion {

/// If the end of `text` repeats one piece again and again: the length of what is worth keeping.
/// Of repeated lines that is the first; a line that repeats its words is not worth anything. Rows
/// of one character ("-----") are no loop, nor are short lists of numbers.
std::optional<size_t> length_before_loop(std::string_view text);

}  // namespace fathom::completion
