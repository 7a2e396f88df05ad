#include "completion/review/report_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/completion/review/sample_report.h"

namespace fathom::completion {
namespace {

TEST(ReportParts, UrisKeepEveryByteOfAPath) {
  EXPECT_EQ(path_to_uri("a b/na\xefve#%.c"), "a%20b/na%EFve%23%25.c");
  EXPECT_EQ(path_from_uri("a%20b/na%efve%23%25.c"), "a b/na\xefve#%.c");
  std::string every_byte;
  for (int i = 1; i < 256; ++i) every_byte += static_cast<char>(i);
  EXPECT_EQ(path_from_uri(path_to_uri(every_byte)), every_byte);
}

TEST(ReportParts, MalformedUrisAreRefused) {
  EXPECT_EQ(path_from_uri("a%2"), std::nullopt);
  EXPECT_EQ(path_from_uri("a%zz"), std::nullopt);
}

TEST(ReportParts, FindingsAreCountedInWords) {
  ReviewReport report;
  EXPECT_EQ(findings_in_words(report), "no findings");
  report.findings = {{.severity = Severity::error}};
  EXPECT_EQ(findings_in_words(report), "1 finding (1 error)");
  report.findings = {{.severity = Severity::note}, {.severity = Severity::error}, {}, {}};
  EXPECT_EQ(findings_in_words(report), "4 findings (1 error, 2 warnings, 1 note)");
}

TEST(ReportParts, AHunkTakesCommentsOnItsContextToo) {
  const ReviewReport report = sample_report();
  EXPECT_TRUE(is_in_one_hunk(report, "src/a.cpp", {1, 5}));
  EXPECT_FALSE(is_in_one_hunk(report, "src/a.cpp", {5, 6}));
  EXPECT_FALSE(is_in_one_hunk(report, "src/a.cpp", {0, 1}));
  EXPECT_FALSE(is_in_one_hunk(report, "src/b.cpp", {1, 1}));
}

TEST(ReportParts, LinesOfTwoHunksAreNotInOne) {
  ReviewReport report = sample_report();
  report.files[0].diff.hunks = {hunk_of(1, 5, {2, 4}), hunk_of(6, 5, {7, 7})};
  EXPECT_FALSE(is_in_one_hunk(report, "src/a.cpp", {5, 6}));
  EXPECT_TRUE(is_in_one_hunk(report, "src/a.cpp", {6, 7}));
}

TEST(ReportParts, TheLastAddedLineIsNeverContext) {
  const ReviewReport report = sample_report();
  EXPECT_EQ(last_added_line(report, "src/a.cpp", {1, 5}), 4);
  EXPECT_EQ(last_added_line(report, "src/a.cpp", {2, 3}), 3);
  EXPECT_EQ(last_added_line(report, "src/a.cpp", {5, 5}), std::nullopt);
  EXPECT_EQ(last_added_line(report, "src/b.cpp", {2, 3}), std::nullopt);
}

TEST(ReportParts, LinesHaveNoEnds) {
  EXPECT_THAT(split_lines(""), testing::IsEmpty());
  EXPECT_THAT(split_lines("a"), testing::ElementsAre("a"));
  EXPECT_THAT(split_lines("a\r\n\nb\n"), testing::ElementsAre("a", "", "b"));
}

TEST(ReportParts, AReplacementOfAnEmptyLineIsNoDeletion) {
  EXPECT_EQ(replacement_with_lf({.replacement = ""}), "");
  EXPECT_EQ(replacement_with_lf({.replacement = "\r\n"}), "\n");
  EXPECT_EQ(replacement_with_lf({.replacement = "a\r\nb"}), "a\nb\n");
}

TEST(ReportParts, WhatControlsCiOrDownloadsIsNeverOneClickAway) {
  Finding finding = sample_report().findings[0];
  EXPECT_TRUE(is_committable(finding));
  for (const char* path : {".github/workflows/ci.yml", ".gitlab-ci.yml", ".gitlab/ci/a.yml",
                           "docs/CODEOWNERS", "web/package-lock.json"}) {
    finding.path = path;
    EXPECT_FALSE(is_committable(finding)) << path;
  }
}

TEST(ReportParts, WhatCannotBeSeenIsNeverOneClickAway) {
  Finding finding = sample_report().findings[0];
  for (const char* text : {"a\xe2\x80\xae\n", "a\x1b\n", "na\xefve\n"}) {
    finding.suggestion->replacement = text;
    EXPECT_FALSE(is_committable(finding)) << text;
  }
  finding.suggestion->replacement = std::string(30'000, 'a');
  EXPECT_FALSE(is_committable(finding));
}

}  // namespace
}  // namespace fathom::completion
