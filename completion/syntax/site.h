// What a completion at a cursor is to be: the rest of a line, or the block that opens there.

#pragma once

#include <cstddef>

#include "completion/syntax/syntax_tree.h"

namespace fathom::completion {

enum class Extent { line, block };

struct Site {
  Extent extent = Extent::line;
  // Of a block only:
  size_t header_begin = 0;  // start of the line on which its statement begins
  int header_indent = 0;    // columns
};

/// A block if the text before the cursor ends with the token that opens one, blanks and comments
/// left out, and nothing is in it yet. Of `tree`, which must be there.
Site site_at(const SyntaxTree& tree, size_t cursor);

}  // namespace fathom::completion
