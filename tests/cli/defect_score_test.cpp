#include "editors/cli/defect_score.h"

#include <gtest/gtest.h>

namespace fathom::cli {
namespace {

using completion::Finding;
using completion::LineRange;
using completion::ReviewReport;

const DefectTask kTask = {.id = "a",
                          .language = "python",
                          .kind = "off_by_one",
                          .path = "a.py",
                          .text = "def f(x):\n    return x\n",
                          .defects = {{2, 2}}};

ReviewReport review_with(LineRange lines, std::string path = "a.py") {
  return {.findings = {Finding{.path = std::move(path), .lines = lines}}};
}

ReviewReport review_with_suggestion(LineRange lines, std::string replacement) {
  ReviewReport review = review_with({2, 2});
  review.findings[0].suggestion = completion::Suggestion{lines, std::move(replacement)};
  return review;
}

TEST(DefectScore, AFindingIsRightIfItHasALineOfADefect) {
  EXPECT_EQ(score_review(kTask, review_with({2, 2})).right, 1);
  EXPECT_EQ(score_review(kTask, review_with({1, 5})).right, 1);
  EXPECT_EQ(score_review(kTask, review_with({1, 1})).right, 0);
  EXPECT_EQ(score_review(kTask, review_with({3, 3})).right, 0);
  EXPECT_EQ(score_review(kTask, review_with({2, 2}, "b.py")).right, 0);
}

TEST(DefectScore, ADefectIsFoundOnce) {
  ReviewReport review = review_with({2, 2});
  review.findings.push_back(review.findings[0]);
  const DefectScore score = score_review(kTask, review);
  EXPECT_EQ(score.found, 1);
  EXPECT_EQ(score.findings, 2);
  EXPECT_EQ(score.right, 2);
}

TEST(DefectScore, ACleanChangeIsAccusedByAnyFinding) {
  DefectTask clean = kTask;
  clean.defects.clear();
  EXPECT_EQ(score_review(clean, review_with({2, 2})).clean_accused, 1);
  EXPECT_EQ(score_review(clean, {}).clean_accused, 0);
  EXPECT_EQ(score_review(clean, {}).clean, 1);
  EXPECT_EQ(score_review(kTask, {}).clean, 0);
}

TEST(DefectScore, ASuggestionIsApplicableIfItChangesSomethingAndParses) {
  const auto applicable = [](LineRange lines, std::string replacement) {
    const DefectScore score =
        score_review(kTask, review_with_suggestion(lines, std::move(replacement)));
    EXPECT_EQ(score.suggestions, 1);
    return score.applicable == 1;
  };
  EXPECT_TRUE(applicable({2, 2}, "    return x + 1\n"));
  EXPECT_TRUE(applicable({1, 2}, ""));
  EXPECT_FALSE(applicable({2, 2}, "    return x\n"));   // nothing
  EXPECT_FALSE(applicable({2, 2}, "    return (x\n"));  // does not parse
  EXPECT_FALSE(applicable({2, 3}, "    return 1\n"));   // beyond the file
  EXPECT_FALSE(applicable({4, 4}, "    return 1\n"));
}

TEST(DefectScore, GroupsByKindAndLanguage) {
  DefectReport report;
  DefectTask other = kTask;
  other.kind = "wrong_unit";
  add_to(report, kTask, score_review(kTask, review_with({2, 2})));
  add_to(report, other, score_review(other, {}));
  EXPECT_EQ(report.all.tasks, 2);
  EXPECT_EQ(report.all.found, 1);
  EXPECT_EQ(report.by_language.at("python").defects, 2);
  EXPECT_EQ(report.by_kind.at("off_by_one").found, 1);
  EXPECT_EQ(report.by_kind.at("wrong_unit").found, 0);
}

TEST(DefectScore, KnowsWhetherATextParses) {
  EXPECT_TRUE(parses(kTask));
  DefectTask broken = kTask;
  broken.text = "def f(:\n";
  EXPECT_FALSE(parses(broken));
}

}  // namespace
}  // namespace fathom::cli
