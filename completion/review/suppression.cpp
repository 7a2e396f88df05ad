#include "completion/review/suppression.h"

#include <algorithm>

#include "completion/lines.h"

namespace fathom::completion {
namespace {

constexpr std::string_view kMark = "fathom:allow";

/// Whether a list such as "bug, secret" has the category.
bool lists(std::string_view list, std::string_view category) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (trim(list.substr(0, comma)) == category) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

bool allows(std::string_view line, std::string_view category) {
  for (size_t at = line.find(kMark); at != std::string_view::npos; at = line.find(kMark, at + 1)) {
    const std::string_view rest = line.substr(at + kMark.size());
    if (!rest.empty() && (is_word_byte(rest.front()) || rest.front() == '-')) continue;
    if (!rest.starts_with('(')) return true;
    if (lists(rest.substr(1, rest.find(')') - 1), category)) return true;
  }
  return false;
}

}  // namespace

bool is_allowed_inline(const ChangedFile& file, const Finding& finding) {
  return std::ranges::any_of(
      file.lines({finding.lines.begin - 1, finding.lines.end}),
      [&](const ChangedFile::Line& line) { return allows(line.text, finding.category); });
}

}  // namespace fathom::completion
