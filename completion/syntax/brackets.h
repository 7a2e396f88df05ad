// Brackets that are open or closed, by the tokens of a syntax tree: those in comments and strings
// do not count, and broken code around them does not matter.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "completion/syntax/syntax_tree.h"

namespace fathom::completion {

/// What closes everything that is open at the end of the text, innermost first, a line each: ""
/// if nothing is. Text + closers parses as well as the text would if it were complete.
std::string missing_closers(const SyntaxTree& tree);

/// End of the first token behind `from` that closes a bracket opened before `from`; the text must
/// be parsed up to there only.
std::optional<size_t> end_of_enclosing_bracket(const SyntaxTree& tree, size_t from);

/// Whether `offset` lies in a bracket, or in a string of several lines, that was opened behind
/// `from`.
bool is_nested_between(const SyntaxTree& tree, size_t from, size_t offset);

}  // namespace fathom::completion
