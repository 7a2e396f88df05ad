#include "completion/review/read_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "completion/review/report_format.h"
#include "completion/review/report_parts.h"
#include "tests/completion/review/sample_report.h"

namespace fathom::completion {
namespace {

std::string json_of(const ReviewReport& report) {
  return format_json(report, {.version = "1.2.3"});
}

ReviewReport check(const std::string& json) {
  Result<ReviewReport> report = read_report(json);
  EXPECT_TRUE(report) << report.error().message;
  return report ? *report : ReviewReport{};
}

/// The message for a sample report in which `from` stands as `to`.
std::string refusal(const std::string& from, const std::string& to) {
  std::string json = json_of(sample_report());
  const size_t at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  const Result<ReviewReport> report = read_report(json.replace(at, from.size(), to));
  EXPECT_FALSE(report) << to;
  return report ? "" : report.error().message;
}

TEST(ReadReport, WhatWasWrittenIsReadBack) {
  ReviewReport report = sample_report();
  report.findings.push_back(finding_on("na\xefve/b c.cpp", {7, 9}, "two\nlines"));
  report.unreviewed = {{"x.png", {}, "binary", true}, {"y.c", {1, 2}, "out of time"}};
  report.rejected = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::string json = json_of(report);
  const ReviewReport read = check(json);
  EXPECT_EQ(json_of(read), json);
  EXPECT_EQ(read.findings[1].path, "na\xefve/b c.cpp");
  EXPECT_FALSE(read.is_complete());
}

TEST(ReadReport, EveryOtherFormatIsTheSameFromTheReadReport) {
  ReviewReport report = sample_report();
  report.files[0].shown = nullptr;  // only `text` shows it
  const ReviewReport read = check(json_of(report));
  for (const ReportFormat& format : report_formats())
    EXPECT_EQ(format.write(read, {}), format.write(report, {})) << format.name;
}

TEST(ReadReport, AnEmptyReviewIsAReport) { EXPECT_TRUE(check(json_of({})).findings.empty()); }

TEST(ReadReport, WhatIsNoReportIsRefused) {
  for (const char* json :
       {"", "{", "[]", "{}", "null", "1", "\"\"", "{\"format\":\"fathom-review\"}"})
    EXPECT_FALSE(read_report(json)) << json;
  EXPECT_FALSE(read_report(std::string(1'000'000, '[')));
}

TEST(ReadReport, MembersThatNobodyKnowsAreRefused) {
  EXPECT_THAT(refusal("\"model\"", "\"html\":\"\",\"model\""), testing::HasSubstr("/html"));
  EXPECT_THAT(refusal("\"quote\"", "\"x\":1,\"quote\""), testing::HasSubstr("/findings/0/x"));
}

TEST(ReadReport, MissingMembersAreRefused) {
  EXPECT_THAT(refusal("\"severity\":\"warning\",", ""), testing::HasSubstr("/findings/0/severity"));
}

TEST(ReadReport, PathsLeadNowhereElse) {
  for (const char* uri :
       {"/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", "", "%2e%2e/x", "a%00b", "a%"}) {
    const std::string member = std::string("\"path\":\"") + uri + "\",\"uri\":\"" + uri + "\"";
    EXPECT_THAT(refusal("\"path\":\"src/a.cpp\",\"uri\":\"src/a.cpp\"", member),
                testing::HasSubstr("/findings/0/uri is not a path"))
        << uri;
  }
}

TEST(ReadReport, APathSaysWhatItsUriSays) {
  EXPECT_THAT(refusal("\"path\":\"src/a.cpp\"", "\"path\":\"src/b.cpp\""),
              testing::HasSubstr("what uri says"));
}

TEST(ReadReport, NumbersAreWhatTheyCanBe) {
  for (const char* begin : {"0", "-1", "1e9", "18446744073709551615", "\"3\"", "null", "4"})
    EXPECT_THAT(
        refusal("\"lines\":{\"begin\":3,", std::string("\"lines\":{\"begin\":") + begin + ","),
        testing::HasSubstr("/findings/0/lines"))
        << begin;
  EXPECT_THAT(refusal("0.875", "1.5"), testing::HasSubstr("confidence"));
  EXPECT_THAT(refusal("\"new_count\":5", "\"new_count\":200000000"),
              testing::HasSubstr("new_count"));
}

TEST(ReadReport, NothingGetsIntoAHiddenMark) {
  EXPECT_THAT(refusal("00112233aabbccdd", "00112233 --> <b>"), testing::HasSubstr("fingerprint"));
  EXPECT_THAT(refusal("\"bug\"", "\"bug](x)\""), testing::HasSubstr("category"));
}

TEST(ReadReport, AReviewIsNotCalledCompleteThatIsNot) {
  EXPECT_THAT(refusal("\"complete\":true", "\"complete\":false"), testing::HasSubstr("complete"));
}

}  // namespace
}  // namespace fathom::completion
