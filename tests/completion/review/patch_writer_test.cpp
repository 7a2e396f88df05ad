#include "completion/review/patch_writer.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "completion/review/git_patch.h"
#include "completion/review/suggestion_gate.h"
#include "tests/completion/review/sample_change.h"

namespace fathom::completion {
namespace {

const std::string kText = "int a = 1;\nint b = 2;\nint c = 3;\n";

Finding suggested(LineRange lines, std::string replacement, double confidence = 0.9) {
  return {.path = "a.c",
          .lines = lines,
          .confidence = confidence,
          .message = "wrong\x1b[2J",
          .suggestion =
              Suggestion{.lines = lines, .replacement = std::move(replacement), .parses = true}};
}

std::vector<FilePatch> patches_of(const ReviewReport& report) {
  return make_patches(report, [](const Finding&) { return true; });
}

ReviewReport report_of(std::vector<Finding> findings) {
  return {.findings = std::move(findings), .files = {test::change_of("a.c", "", kText)}};
}

TEST(PatchWriter, MakesOnePatchOfAFilesSuggestions) {
  const ReviewReport report = report_of({suggested({1, 1}, "int a = 0;\n"), suggested({3, 3}, "")});
  const auto patches = patches_of(report);
  ASSERT_EQ(patches.size(), 1u);
  EXPECT_EQ(patches[0].after, "int a = 0;\nint b = 2;\n");
  const std::string text = patch_text(patches);
  EXPECT_EQ(*apply_patch("a.c", kText, text), patches[0].after) << text;
  EXPECT_NE(text.find("# a.c:1: wrong\\x1b[2J\n#   applies, adds no syntax error\n"),
            std::string::npos)
      << text;
}

TEST(PatchWriter, TakesTheSurerOfSuggestionsThatOverlap) {
  const auto patches = patches_of(
      report_of({suggested({1, 2}, "int a;\n", 0.6), suggested({2, 3}, "int c;\n", 0.8)}));
  EXPECT_EQ(patches.at(0).after, "int a = 1;\nint c;\n");
}

TEST(PatchWriter, LeavesOutWhatBreaksTheSyntaxTogetherWithOthers) {
  const auto patches = patches_of(report_of(
      {suggested({1, 1}, "int a = 1; /* */\n", 0.9), suggested({2, 2}, "int b = ;\n", 0.8)}));
  EXPECT_EQ(patches.at(0).after, "int a = 1; /* */\nint b = 2;\nint c = 3;\n");
}

TEST(PatchWriter, TakesWhatIsWanted) {
  const ReviewReport report = report_of({suggested({1, 1}, "int a = 0;\n"), suggested({3, 3}, "")});
  const auto patches =
      make_patches(report, [](const Finding& finding) { return finding.lines.begin == 3; });
  EXPECT_EQ(patches.at(0).after, "int a = 1;\nint b = 2;\n");
  EXPECT_TRUE(make_patches(report, [](const Finding&) { return false; }).empty());
  EXPECT_EQ(patch_text({}), "");
}

/// What is taken if the answers are `choices`, as lines; each question's number is added to
/// `asked`.
std::vector<int> chosen(const ReviewReport& report, const std::vector<Choice>& choices,
                        std::string& asked) {
  const auto taken = choose_findings(report, [&](const PatchQuestion& question) {
    asked += fmt::format("{}/{} ", question.number, question.n_suggestions);
    const int line = report.findings.at(question.number - 1).lines.begin;
    EXPECT_EQ(*apply_patch("a.c", kText, question.patch),
              with_suggestions(kText, {*report.findings.at(question.number - 1).suggestion}))
        << line;
    return choices.at(std::ranges::count(asked, ' ') - 1);
  });
  std::vector<int> lines;
  for (const Finding& finding : report.findings)
    if (taken.contains(&finding)) lines.push_back(finding.lines.begin);
  return lines;
}

TEST(PatchWriter, AsksAboutEachSuggestionUntilItIsTold) {
  const ReviewReport report =
      report_of({suggested({1, 1}, "int a = 0;\n"), suggested({2, 2}, "int b = 0;\n"),
                 suggested({3, 3}, "int c = 0;\n")});
  using enum Choice;
  std::string asked;
  EXPECT_EQ(chosen(report, {leave, take, quit}, asked), std::vector<int>{2});
  EXPECT_EQ(asked, "1/3 2/3 3/3 ");
  asked = "";
  EXPECT_EQ(chosen(report, {leave, take_rest}, asked), (std::vector<int>{2, 3}));
  EXPECT_EQ(asked, "1/3 2/3 ");
}

TEST(PatchWriter, DoesNotAskAboutWhatDoesNotGoWithWhatWasTaken) {
  const ReviewReport report =
      report_of({suggested({1, 2}, "int ab = 0;\n"), suggested({2, 2}, "int b = 0;\n"),
                 suggested({3, 3}, "int c = 0;\n")});
  using enum Choice;
  std::string asked;
  EXPECT_EQ(chosen(report, {take, leave}, asked), std::vector<int>{1});
  EXPECT_EQ(asked, "1/3 3/3 ");
  asked = "";
  EXPECT_EQ(chosen(report, {leave, take_rest}, asked), (std::vector<int>{2, 3}));
}

}  // namespace
}  // namespace fathom::completion
