// What a reader needs of code that is not shown: imports, the headers of scopes, and the
// declarations in them without their bodies.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "completion/syntax/syntax_tree.h"

namespace fathom::completion {

struct OutlineItem {
  enum class Kind { import, scope, declaration };
  Kind kind = Kind::declaration;
  size_t begin = 0;  // bytes of the text that it stands for
  size_t end = 0;
  std::string text;  // whole lines; indented as in the source

  bool operator==(const OutlineItem&) const = default;
};

/// Outlines of the first part of one document, as the part grows and shrinks.
///
/// The outline depends on nothing behind that part: what is typed below does not change it. The
/// last one is kept, since the part stays the same for many keystrokes.
///
/// Threads: one at a time.
class Outliner final {
 public:
  explicit Outliner(const Language& language) : tree_(language) {}

  /// Items in the order of `head`, which ends between two lines. A scope is one that is still open
  /// at the end of `head`; where blocks are indented, `next_indent`, that of the line after it,
  /// says which are. Empty if `head` cannot be parsed.
  const std::vector<OutlineItem>& outline(std::string_view head, std::string_view next_indent);

 private:
  SyntaxTree tree_;
  std::string head_;
  std::string next_indent_;
  std::vector<OutlineItem> items_;
};

}  // namespace fathom::completion
