#include "completion/review/patch_writer.h"

#include <string>

#include <gtest/gtest.h>

#include "completion/review/git_patch.h"
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

TEST(PatchWriter, AsksAboutEachSuggestionUntilItIsTold) {
  const ReviewReport report =
      report_of({suggested({1, 1}, "int a = 0;\n"), suggested({2, 2}, "int b = 0;\n"),
                 suggested({3, 3}, "int c = 0;\n")});
  std::vector<std::string> shown;
  const auto taken = choose_findings(report, [&](const std::string& patch) {
    shown.push_back(patch);
    return shown.size() == 1 ? Choice::leave : shown.size() == 2 ? Choice::take : Choice::quit;
  });
  ASSERT_EQ(shown.size(), 3u);
  EXPECT_EQ(*apply_patch("a.c", kText, shown[1]), "int a = 1;\nint b = 0;\nint c = 3;\n");
  EXPECT_EQ(taken, std::set<const Finding*>{&report.findings[1]});
}

}  // namespace
}  // namespace fathom::completion
