// The code in what a chat model writes.
//
// Threads: any; a function.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fathom::completion {

/// The longest fenced block (``` or ~~~) of a Markdown text, without its fences, lines broken and
/// ended by \n. Nothing if there is none, or if the longest one is not closed: the end of an
/// answer that ran out of tokens is missing.
std::optional<std::string> code_block(std::string_view markdown);

}  // namespace fathom::completion
