#include "editors/cli/infill_score.h"

#include <string_view>

#include "completion/syntax/syntax_tree.h"
#include "editors/cli/similarity.h"
#include "editors/cli/unicode.h"

namespace fathom::cli {
namespace {

constexpr int kThresholds[] = {0, 1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90};

/// The first line that has more than white space, without the white space around it.
std::string_view first_line(std::string_view text) {
  while (true) {
    const size_t newline = text.find('\n');
    const std::string_view line = strip(text.substr(0, newline));
    if (!line.empty() || newline == std::string_view::npos) return line;
    text.remove_prefix(newline + 1);
  }
}

/// What is new in the answer: without what it only puts back.
std::string_view new_text(const InfillAnswer& answer) {
  std::string_view text = answer.text;
  if (!answer.replaced.empty() && text.ends_with(answer.replaced))
    text.remove_suffix(answer.replaced.size());
  return text;
}

bool parses(const completion::Language& language, const std::string& text) {
  completion::SyntaxTree tree(language);
  return tree.update(text) && !tree.has_errors();
}

struct Judged {
  bool exact = false;
  double likeness = 0;
  bool has_syntax = false;
  bool parsed = false;
  bool clean = false;
};

Judged judge(const InfillTask& task, const InfillAnswer& answer) {
  const std::string_view given = first_line(new_text(answer));
  const std::string_view gold = first_line(task.middle);
  Judged judged{.exact = given == gold, .likeness = similarity(given, gold)};
  const completion::Language* language = completion::find_language(task.language, task.path);
  if (!language) return judged;
  const bool whole_line = task.middle.ends_with('\n') && !task.suffix.starts_with('\n');
  const std::string behind = (whole_line ? "\n" : "") + task.suffix;
  judged.has_syntax = true;
  judged.parsed =
      parses(*language, task.prefix + answer.text + behind.substr(answer.replaced.size()));
  judged.clean = !answer.text.empty() && parses(*language, task.prefix + behind);
  return judged;
}

void add(InfillScore& score, const Judged& judged, const InfillAnswer& answer) {
  ++score.tasks;
  score.exact += judged.exact;
  score.likeness += judged.likeness;
  score.shown += !answer.text.empty();
  score.with_syntax += judged.has_syntax;
  score.parsed += judged.parsed;
  score.clean += judged.clean;
  score.broken += judged.clean && !judged.parsed;
  score.tokens += answer.n_tokens;
  score.prompt_tokens += answer.prompt_tokens;
  ++score.stops[answer.stop];
}

}  // namespace

InfillReport score_infill(std::span<const InfillTask> tasks,
                          std::span<const InfillAnswer> answers) {
  InfillReport report;
  for (const int min_confidence : kThresholds)
    report.confidence.push_back({.min_confidence = min_confidence});
  for (size_t i = 0; i < tasks.size(); ++i) {
    const Judged judged = judge(tasks[i], answers[i]);
    add(report.all, judged, answers[i]);
    add(report.by_language[tasks[i].language], judged, answers[i]);
    if (!tasks[i].kind.empty()) add(report.by_kind[tasks[i].kind], judged, answers[i]);
    for (ConfidenceRow& row : report.confidence) {
      const bool shown = !answers[i].text.empty() && answers[i].confidence >= row.min_confidence;
      row.shown += shown;
      row.precise += shown && judged.exact;
    }
  }
  for (ConfidenceRow& row : report.confidence) {
    if (row.shown > 0) row.precise /= row.shown;
    row.shown /= static_cast<double>(tasks.size());
  }
  return report;
}

}  // namespace fathom::cli
