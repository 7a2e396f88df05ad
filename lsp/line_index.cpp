#include "lsp/line_index.h"

#include <algorithm>

#include "engine/base/assert.h"

namespace fathom::lsp {
namespace {

/// Appends the starts of lines that begin in (begin, end] of `whole`.
void find_starts(std::string_view whole, size_t begin, size_t end, std::vector<size_t>& starts) {
  const std::string_view text = whole.substr(0, end + 1);  // one more: \r may be half of \r\n
  // \r is rare: two memchr chains beat a loop over bytes on the long lines of generated files.
  size_t newline = text.find('\n', begin);
  size_t carriage = text.find('\r', begin);
  while (true) {
    const size_t first = std::min(newline, carriage);
    if (first >= end) return;  // npos too
    const bool is_pair = carriage == first && newline == first + 1;
    const size_t start = first + (is_pair ? 2 : 1);
    if (start > end) return;
    starts.push_back(start);
    if (newline < start) newline = text.find('\n', start);
    if (carriage < start) carriage = text.find('\r', start);
  }
}

}  // namespace

LineIndex::LineIndex(std::string_view text) {
  starts_.push_back(0);
  find_starts(text, 0, text.size(), starts_);
}

void LineIndex::edit(size_t begin, size_t end, size_t n_new, std::string_view text) {
  // A line ending that touches the edit can join or part: \r before it, \n behind it. So one byte
  // more is read at both sides.
  const size_t read_from = begin == 0 ? 0 : begin - 1;
  const auto kept_tail = std::upper_bound(starts_.begin(), starts_.end(), end + 1);

  std::vector<size_t> tail;
  tail.reserve(size_t(starts_.end() - kept_tail));
  const size_t grown = n_new - (end - begin);  // wraps when the text shrinks: so does the sum
  for (auto start = kept_tail; start != starts_.end(); ++start) tail.push_back(*start + grown);

  starts_.resize(line_at(read_from) + 1);
  find_starts(text, read_from, std::min(begin + n_new + 1, text.size()), starts_);
  starts_.insert(starts_.end(), tail.begin(), tail.end());
  FATHOM_ASSERT(starts_.back() <= text.size());
}

size_t LineIndex::end_of(size_t line, std::string_view text) const {
  if (line + 1 == starts_.size()) return text.size();
  size_t end = starts_[line + 1] - 1;
  if (text[end] == '\n' && end > starts_[line] && text[end - 1] == '\r') --end;
  return end;
}

size_t LineIndex::line_at(size_t offset) const {
  return size_t(std::upper_bound(starts_.begin(), starts_.end(), offset) - starts_.begin()) - 1;
}

}  // namespace fathom::lsp
