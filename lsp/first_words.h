// Titles out of messages. Threads: any; a function.

#pragma once

#include <string>
#include <string_view>

namespace fathom::lsp {

/// The first line, cut to what fits into a title.
std::string first_words(std::string_view message);

}  // namespace fathom::lsp
