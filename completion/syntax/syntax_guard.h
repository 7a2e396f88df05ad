// Whether an edit would bring a syntax error into a text that has none.
//
// Threads: one at a time; not necessarily that of the tree it was made of.

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "completion/syntax/syntax_tree.h"

namespace fathom::completion {

class SyntaxGuard final {
 public:
  /// nullptr if the tree's text has errors already, or no tree: then nothing can be told.
  static std::unique_ptr<SyntaxGuard> make(const SyntaxTree& tree);

  /// Whether the text has an error once its bytes [begin, end) are `replacement`. Parses what has
  /// changed since the last question. What takes the parser too long counts as right.
  bool breaks(size_t begin, size_t end, std::string_view replacement);

  const Language& language() const { return tree_->language(); }

 private:
  explicit SyntaxGuard(const SyntaxTree& tree);

  const std::string text_;  // without the edit
  std::unique_ptr<SyntaxTree> tree_;
};

}  // namespace fathom::completion
