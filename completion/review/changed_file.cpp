#include "completion/review/changed_file.h"

#include <algorithm>
#include <utility>

#include "completion/lines.h"
#include "completion/syntax/syntax_tree.h"
#include "engine/base/assert.h"
#include "engine/base/text.h"

namespace fathom::completion {
namespace {

/// Parsing has a limit in time, too; below this size no machine reaches it, so that the same review
/// says the same everywhere.
constexpr size_t kMaxParsedBytes = 256 << 10;

}  // namespace

ChangedFile::ChangedFile(ReviewedFile file, const SecretFinder& secrets)
    : file_(std::move(file)), language_(find_language("", path())) {
  if (has_text()) {
    take_text();
  } else {
    take_diff();
  }
  find_secrets(secrets);
  if (has_text()) find_scopes();
}

void ChangedFile::take_text() {
  for (size_t begin = 0; begin < text().size(); begin = next_line(text(), begin)) {
    begins_.push_back(begin);
    lines_.push_back({.number = static_cast<int>(begins_.size()),
                      .text = text().substr(begin, line_end(text(), begin) - begin)});
  }
  begins_.push_back(text().size());
  for (const Hunk& hunk : diff().hunks) {
    for (const DiffLine& line : hunk.lines) {
      const bool is_known = line.new_line >= 1 && line.new_line <= static_cast<int>(lines_.size());
      if (is_known && line.kind == DiffLine::Kind::added) lines_[line.new_line - 1].is_added = true;
    }
  }
}

void ChangedFile::take_diff() {
  for (const Hunk& hunk : diff().hunks) {
    for (const DiffLine& line : hunk.lines) {
      if (line.new_line == 0) continue;
      lines_.push_back({.number = line.new_line,
                        .text = line.text,
                        .is_added = line.kind == DiffLine::Kind::added});
    }
  }
}

void ChangedFile::find_secrets(const SecretFinder& secrets) {
  std::string joined;
  std::vector<size_t> begins;
  for (const Line& line : lines_) {
    begins.push_back(joined.size());
    joined.append(line.text).append(1, '\n');
  }
  const auto index_at = [&](size_t offset) {
    return std::ranges::upper_bound(begins, offset) - begins.begin() - 1;
  };
  const std::vector<Secret> found = secrets.find(joined);
  for (const Secret& secret : found) {
    const auto first = lines_.begin() + index_at(secret.begin);
    const auto last = lines_.begin() + index_at(secret.end - 1);
    if (std::any_of(first, last + 1, [](const Line& line) { return line.is_added; })) {
      added_secrets_.push_back({secret.rule, {first->number, last->number}});
    }
  }
  const std::string masked = with_secrets_masked(joined, found);
  for (size_t i = 0; i < lines_.size(); ++i) {
    lines_[i].shown =
        to_valid_utf8(std::string_view(masked).substr(begins[i], lines_[i].text.size()));
  }
}

void ChangedFile::find_scopes() {
  if (language_ == nullptr || text().size() > kMaxParsedBytes) return;
  SyntaxTree tree(*language_);
  if (!tree.update(text())) return;
  const auto line_at = [&](size_t offset) {
    return static_cast<int>(std::ranges::upper_bound(begins_, offset) - begins_.begin());
  };
  for (const Declaration& declaration : declarations_of(tree)) {
    if (declaration.kind == Declaration::Kind::variable || declaration.begin >= declaration.end)
      continue;
    scopes_.push_back({.name = declaration.container.empty()
                                   ? declaration.name
                                   : declaration.container + "::" + declaration.name,
                       .lines = {line_at(declaration.begin), line_at(declaration.end - 1)}});
  }
}

std::span<const ChangedFile::Line> ChangedFile::lines(LineRange range) const {
  const auto first = std::ranges::lower_bound(lines_, range.begin, {}, &Line::number);
  const auto last = std::ranges::upper_bound(lines_, range.end, {}, &Line::number);
  if (first >= last) return {};
  return std::span(lines_).subspan(first - lines_.begin(), last - first);
}

std::pair<size_t, size_t> ChangedFile::bytes_of(LineRange range) const {
  FATHOM_ASSERT(has_text() && range.begin >= 1 && range.begin <= range.end &&
                range.end < static_cast<int>(begins_.size()));
  return {begins_[range.begin - 1], begins_[range.end]};
}

ChangedFile::Scope ChangedFile::enclosing(int line) const {
  Scope innermost{.name = "", .lines = {1, lines_.empty() ? 0 : lines_.back().number}};
  for (const Scope& scope : scopes_) {
    const bool is_inside = scope.lines.begin <= line && line <= scope.lines.end;
    const int size = scope.lines.end - scope.lines.begin;
    if (is_inside && size <= innermost.lines.end - innermost.lines.begin) innermost = scope;
  }
  return innermost;
}

}  // namespace fathom::completion
