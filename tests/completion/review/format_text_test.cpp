#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "completion/review/report_format.h"
#include "tests/completion/review/sample_report.h"

namespace fathom::completion {
namespace {

std::string check(const ReviewReport& report, bool colour = false) {
  return format_text(report, {.version = "1.2.3", .colour = colour});
}

TEST(FormatText, ShowsTheSourceWithACaretAndTheSuggestionAsADiff) {
  EXPECT_EQ(check(sample_report()),
            "src/a.cpp:3: warning: n may be 0 here [bug, 88 %]\n"
            "     2 | \tif (total < 0) return 0;\n"
            "     3 |   int half = total / n;\n"
            "       |   ^~~~~~~~~~~~~~~~~~~~~\n"
            "     4 |   return half;\n"
            "  suggestion (applies, parses):\n"
            "       -   int half = total / n;\n"
            "       +   if (n == 0) return 0;\n"
            "       +   int half = total / n;\n"
            "\n"
            "1 finding (1 warning) in 1 hunk of 1 file (scripted)\n");
}

TEST(FormatText, CaretsStandBelowTheTextAfterTabs) {
  ReviewReport report = sample_report();
  report.findings[0].lines = {2, 2};
  EXPECT_THAT(check(report), testing::HasSubstr("     2 | \tif (total < 0) return 0;\n"
                                                "       | \t^~~~~~~~~~~~~~~~~~~~~~~~\n"));
}

TEST(FormatText, WithoutTheFileItsQuoteIsShown) {
  ReviewReport report = sample_report();
  report.files[0].shown = nullptr;
  EXPECT_THAT(check(report), testing::HasSubstr("     3 |   int half = total / n;\n"
                                                "       |   ^~~~"));
  EXPECT_THAT(check(report), testing::Not(testing::HasSubstr("return half")));
}

TEST(FormatText, TheFileIsShownWithItsSecretsMasked) {
  ReviewReport report = sample_report();
  report.files[0].shown = std::make_shared<const std::string>("a\nb\nkey = ****\nc\n");
  report.findings[0].quote = "key = ****";
  report.findings[0].suggestion->replacement = "";
  EXPECT_THAT(check(report), testing::HasSubstr("     3 | key = ****\n"));
  EXPECT_THAT(check(report), testing::Not(testing::HasSubstr("half")));
}

TEST(FormatText, SaysWhatWasNotReviewedAndWhatIsNotShown) {
  ReviewReport report{.model = "m",
                      .unreviewed = {{"a.png", {}, "binary", true}, {"b.c", {3, 9}, "out of time"}},
                      .rejected = {.no_anchor = 2, .low_confidence = 1}};
  EXPECT_EQ(check(report),
            "a.png: not reviewed: binary\n"
            "b.c:3-9: not reviewed: out of time\n"
            "no findings in 0 hunks of 0 files (m)\n"
            "not shown: 2 without an anchor, 1 of low confidence\n"
            "the review is incomplete\n");
}

TEST(FormatText, SaysThatThereIsNothingToReview) {
  EXPECT_EQ(check({}), "nothing to review\n");
  EXPECT_EQ(check({.unreviewed = {{"a.png", {}, "binary", true}}}),
            "a.png: not reviewed: binary\nnothing to review\n");
}

TEST(FormatText, NothingInADiffDrivesTheTerminal) {
  ReviewReport report = sample_report();
  Finding& finding = report.findings[0];
  finding.path = "\x1b]0;x\x07.c";
  finding.message = "\x1b[2Jgone\n\rforged.c:1: error: x";
  finding.quote = "\x1b[31mred";
  finding.suggestion->replacement = "\x1b[8mhidden\n";
  report.unreviewed = {{"\x1b.c", {}, "\x1b[1m"}};
  report.model = "\x1b[5m";
  const std::string text = check(report);
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
  EXPECT_EQ(text.find('\r'), std::string::npos) << text;
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("\nforged")));
}

TEST(FormatText, ColoursAreForTerminalsOnly) {
  EXPECT_EQ(check(sample_report()).find('\x1b'), std::string::npos);
  EXPECT_THAT(check(sample_report(), true), testing::HasSubstr("\x1b[1;33mwarning\x1b[0m: n may"));
}

TEST(FormatText, EnormousLinesAndRangesAreCut) {
  ReviewReport report = sample_report();
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::string(10'000, 'x') + "\n";
  report.files[0].shown = std::make_shared<const std::string>(text);
  report.findings[0].lines = {1, 1000};
  EXPECT_LT(check(report).size(), 20'000u);
}

}  // namespace
}  // namespace fathom::completion
