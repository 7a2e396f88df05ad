#include "editors/cli/defect_score.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "completion/lines.h"
#include "completion/syntax/language.h"
#include "completion/syntax/syntax_guard.h"
#include "completion/syntax/syntax_tree.h"

namespace fathom::cli {
namespace {

using completion::Finding;
using completion::LineRange;
using completion::Suggestion;

bool overlap(LineRange a, LineRange b) { return a.begin <= b.end && b.begin <= a.end; }

/// Null: the language is unknown, or the text takes too long.
std::unique_ptr<completion::SyntaxTree> tree_of(const DefectTask& task) {
  const completion::Language* language = completion::find_language("", task.path);
  if (!language) return nullptr;
  auto tree = std::make_unique<completion::SyntaxTree>(*language);
  return tree->update(task.text) ? std::move(tree) : nullptr;
}

/// Offset of the line's first byte; of the end for the line after the last. Nothing beyond.
std::optional<size_t> offset_of_line(std::string_view text, int line) {
  size_t offset = 0;
  for (int n = 1; n < line; ++n) {
    if (offset == text.size()) return std::nullopt;
    offset = completion::next_line(text, offset);
  }
  return offset;
}

bool is_applicable(const DefectTask& task, const Suggestion& suggestion) {
  const auto begin = offset_of_line(task.text, suggestion.lines.begin);
  const auto end = offset_of_line(task.text, suggestion.lines.end + 1);
  if (!begin || !end || *begin >= *end) return false;
  if (task.text.compare(*begin, *end - *begin, suggestion.replacement) == 0) return false;
  const auto tree = tree_of(task);
  const auto guard = tree ? completion::SyntaxGuard::make(*tree) : nullptr;
  return !guard || !guard->breaks(*begin, *end, suggestion.replacement);
}

void add(DefectScore& sum, const DefectScore& score) {
  sum.tasks += score.tasks;
  sum.defects += score.defects;
  sum.found += score.found;
  sum.findings += score.findings;
  sum.right += score.right;
  sum.clean += score.clean;
  sum.clean_accused += score.clean_accused;
  sum.suggestions += score.suggestions;
  sum.applicable += score.applicable;
  sum.unreviewed += score.unreviewed;
}

}  // namespace

DefectScore score_review(const DefectTask& task, const completion::ReviewReport& review) {
  const auto is_on = [&](const Finding& finding, LineRange defect) {
    return finding.path == task.path && overlap(finding.lines, defect);
  };
  DefectScore score{.tasks = 1,
                    .defects = static_cast<int>(task.defects.size()),
                    .findings = static_cast<int>(review.findings.size()),
                    .clean = task.defects.empty()};
  for (const LineRange defect : task.defects)
    score.found +=
        std::ranges::any_of(review.findings, [&](const Finding& f) { return is_on(f, defect); });
  for (const Finding& finding : review.findings) {
    score.right +=
        std::ranges::any_of(task.defects, [&](LineRange defect) { return is_on(finding, defect); });
    if (!finding.suggestion) continue;
    ++score.suggestions;
    score.applicable += finding.path == task.path && is_applicable(task, *finding.suggestion);
  }
  score.clean_accused = score.clean > 0 && score.findings > 0;
  score.unreviewed = static_cast<int>(
      std::ranges::count(review.unreviewed, false, &completion::Unreviewed::is_expected));
  return score;
}

void add_to(DefectReport& report, const DefectTask& task, const DefectScore& score) {
  add(report.all, score);
  add(report.by_kind[task.kind], score);
  add(report.by_language[task.language], score);
}

bool parses(const DefectTask& task) {
  const auto tree = tree_of(task);
  return !tree || !tree->has_errors();
}

}  // namespace fathom::cli
