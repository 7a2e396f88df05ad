// How much of a text does not parse.
//
// Threads: any, one at a time for each tree; a function.

#pragma once

#include "completion/syntax/syntax_tree.h"

namespace fathom::completion {

/// Places where the parser had to skip or to invent something. At least 1
/// where SyntaxTree::has_errors(); 0 without a tree.
int count_errors(const SyntaxTree& tree);

}  // namespace fathom::completion
