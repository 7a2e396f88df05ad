// Where the lines of a text begin. Lines end at \n, \r\n or \r, as the protocol says.
//
// Does not hold the text: every call is given the one it was built from or edited to. Main thread.

#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace fathom::lsp {

class LineIndex final {
 public:
  explicit LineIndex(std::string_view text = {});

  /// Bytes [begin, end) of the old text were replaced; `text` is the new one, in which the
  /// replacement is `n_new` bytes long. O(lines + n_new).
  void edit(size_t begin, size_t end, size_t n_new, std::string_view text);

  size_t n_lines() const { return starts_.size(); }
  size_t start_of(size_t line) const { return starts_[line]; }
  /// End of the line without its line ending.
  size_t end_of(size_t line, std::string_view text) const;
  /// Line that holds the byte; the end of the text is on the last line.
  size_t line_at(size_t offset) const;

 private:
  std::vector<size_t> starts_;  // ascending, the first is 0
};

}  // namespace fathom::lsp
