#include "lsp/document.h"

#include <algorithm>
#include <memory>
#include <ranges>
#include <utility>

namespace fathom::lsp {

Document::Document(DocumentInfo info, int64_t version, std::string text, PositionEncoding encoding)
    : info_(std::move(info)),
      version_(version),
      text_(std::move(text)),
      lines_(text_),
      encoding_(encoding) {}

std::optional<size_t> Document::offset_of(Position position) const {
  if (position.line >= lines_.n_lines()) return std::nullopt;
  const size_t begin = lines_.start_of(position.line);
  const std::string_view line =
      std::string_view(text_).substr(begin, lines_.end_of(position.line, text_) - begin);
  return begin + offset_of_units(line, position.character, encoding_);
}

size_t Document::clamped_offset_of(Position position) const {
  return offset_of(position).value_or(text_.size());
}

Position Document::position_of(size_t offset) const {
  const size_t line = lines_.line_at(offset);
  const size_t begin = lines_.start_of(line);
  const size_t units =
      count_units(std::string_view(text_).substr(begin, offset - begin), encoding_);
  return {.line = uint32_t(line), .character = uint32_t(units)};
}

size_t Document::end_of_line(size_t offset) const {
  return lines_.end_of(lines_.line_at(offset), text_);
}

TextEdit Document::replace(const Range& range, std::string_view text) {
  const size_t start = clamped_offset_of(range.start);
  const auto [begin, end] =
      std::minmax({start, range.end == range.start ? start : clamped_offset_of(range.end)});
  text_.replace(begin, end - begin, text);
  lines_.edit(begin, end, text.size(), text_);
  snapshot_.reset();
  return {.begin = begin, .n_removed = end - begin, .n_inserted = text.size()};
}

TextEdit Document::replace_all(std::string text) {
  const auto [old_middle, new_middle] = std::ranges::mismatch(text_, text);
  const auto old_rest = size_t(text_.end() - old_middle);
  const auto new_rest = size_t(text.end() - new_middle);
  size_t n_same = 0;  // at the end, of what is not the same at the begin
  while (n_same < std::min(old_rest, new_rest) &&
         text_[text_.size() - 1 - n_same] == text[text.size() - 1 - n_same])
    ++n_same;
  const TextEdit edit = {.begin = text_.size() - old_rest,
                         .n_removed = old_rest - n_same,
                         .n_inserted = new_rest - n_same};
  text_ = std::move(text);
  lines_ = LineIndex(text_);
  snapshot_.reset();
  return edit;
}

TextEdit Document::apply(const ContentChange& change) {
  return change.range ? replace(*change.range, change.text) : replace_all(change.text);
}

void Document::set_version(int64_t version) {
  version_ = version;
  snapshot_.reset();
}

completion::SnapshotPtr Document::snapshot() const {
  if (!snapshot_)
    snapshot_ = std::make_shared<const completion::Snapshot>(
        completion::Snapshot{.uri = info_.uri,
                             .path = info_.path,
                             .language = info_.language,
                             .version = version_,
                             .text = text_,
                             .client = info_.client});
  return snapshot_;
}

}  // namespace fathom::lsp
