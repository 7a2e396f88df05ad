#include "editors/cli/infill_score.h"

#include <gtest/gtest.h>

namespace fathom::cli {
namespace {

InfillScore score(const InfillTask& task, const InfillAnswer& answer) {
  return score_infill(std::span(&task, 1), std::span(&answer, 1)).all;
}

const InfillTask kTask = {.prefix = "int f(int a) {\n  ",
                          .suffix = "\n}\n",
                          .middle = "return g(a);",
                          .language = "cpp",
                          .kind = "line"};

TEST(InfillScore, CountsTheFirstLineThatIsNotEmpty) {
  EXPECT_EQ(score(kTask, {.text = "return g(a);"}).exact, 1);
  EXPECT_EQ(score(kTask, {.text = "\n\n  return g(a);\n  more"}).exact, 1);
  EXPECT_EQ(score(kTask, {.text = "return g(b);"}).exact, 0);
  EXPECT_EQ(score(kTask, {}).shown, 0);
}

TEST(InfillScore, DoesNotCountWhatTheAnswerOnlyPutsBack) {
  const InfillTask task = {
      .prefix = "int b = f(", .suffix = ");\n", .middle = "a", .language = "cpp"};
  EXPECT_EQ(score(task, {.text = "a);", .replaced = ");"}).exact, 1);
  EXPECT_EQ(score(task, {.text = "a);", .replaced = ");"}).parsed, 1);
  EXPECT_EQ(score(task, {.text = "a);"}).exact, 0);
}

TEST(InfillScore, CountsTheErrorsThatAnAnswerBringsIntoACleanText) {
  const InfillScore right = score(kTask, {.text = "return g(a);"});
  EXPECT_EQ(right.clean, 1);
  EXPECT_EQ(right.broken, 0);
  const InfillScore wrong = score(kTask, {.text = "return g(a;"});
  EXPECT_EQ(wrong.clean, 1);
  EXPECT_EQ(wrong.broken, 1);
  const InfillScore hidden = score(kTask, {});
  EXPECT_EQ(hidden.clean, 0);
  const InfillTask unclean = {
      .prefix = "int b = ", .suffix = ";\n", .middle = "a", .language = "cpp"};
  EXPECT_EQ(score(unclean, {.text = "("}).clean, 0);
}

TEST(InfillScore, GroupsByLanguageAndKindAndConfidence) {
  const std::vector<InfillTask> tasks = {kTask, kTask};
  const std::vector<InfillAnswer> answers = {{.text = "return g(a);", .confidence = 45},
                                             {.text = "return;", .confidence = 12}};
  const InfillReport report = score_infill(tasks, answers);
  EXPECT_EQ(report.by_language.at("cpp").tasks, 2);
  EXPECT_EQ(report.by_kind.at("line").exact, 1);
  for (const ConfidenceRow& row : report.confidence) {
    const int n_shown = row.min_confidence <= 12 ? 2 : row.min_confidence <= 45 ? 1 : 0;
    EXPECT_DOUBLE_EQ(row.shown, n_shown / 2.0);
    EXPECT_DOUBLE_EQ(row.precise, n_shown > 0 ? 1.0 / n_shown : 0);
  }
}

}  // namespace
}  // namespace fathom::cli
