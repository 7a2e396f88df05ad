#include "completion/review/report_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/base/text.h"
#include "tests/completion/review/sample_report.h"

namespace fathom::completion {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

std::string check(const char* format, const ReviewReport& report) {
  return find_report_format(format)->write(report, {.version = "1.2.3"});
}

Json check_json(const char* format, const ReviewReport& report) {
  return Json::parse(check(format, report));
}

/// The sample, but with what a hostile diff could bring into every text of it.
ReviewReport hostile_report() {
  ReviewReport report = sample_report();
  Finding& finding = report.findings[0];
  finding.path = "a\nb\xef%,:.c";
  finding.message = "x\n::error::forged\n</failure>]]>\x1b[1m\x01 \xef | [a](b) <b> @all";
  finding.quote = "]]> <b>\x1b\xef\n";
  finding.suggestion->replacement = "```\n/close\n````\n";
  report.files[0].diff.new_path = finding.path;
  report.unreviewed = {{"q\"<\xef", {1, 2}, "r\n::error::\xef"}};
  report.model = "m`\n\xef";
  return report;
}

TEST(ReportFormat, EveryFormatIsFoundByItsName) {
  for (const ReportFormat& format : report_formats())
    EXPECT_EQ(find_report_format(format.name), &format);
  EXPECT_EQ(find_report_format("pdf"), nullptr);
}

TEST(ReportFormat, EveryDocumentIsUtf8WhateverTheDiffHolds) {
  for (const ReportFormat& format : report_formats()) {
    const std::string document = format.write(hostile_report(), {.version = "1.2.3"});
    EXPECT_EQ(valid_prefix(document), document.size()) << format.name;
    EXPECT_TRUE(document.empty() || document.ends_with('\n')) << format.name;
    EXPECT_EQ(document.find('\x1b'), std::string::npos) << format.name;
  }
}

TEST(ReportFormat, AReviewWithoutFindingsIsADocumentToo) {
  for (const char* format : {"json", "sarif", "github-review", "gitlab", "gitlab-notes"})
    EXPECT_FALSE(check_json(format, {}).is_null()) << format;
  EXPECT_EQ(check("rdjsonl", {}), "");
  EXPECT_EQ(check("github", {}), "");
  EXPECT_EQ(check("gitlab", {}), "[]\n");
  EXPECT_THAT(check("markdown", {}), HasSubstr("no findings"));
  EXPECT_THAT(check("junit", {}), HasSubstr("tests=\"0\""));
}

TEST(FormatSarif, SaysWhereWhatAndHowToFix) {
  const Json run = check_json("sarif", sample_report())["runs"][0];
  EXPECT_EQ(run["tool"]["driver"]["rules"][0]["id"], "fathom/bug");
  const Json& result = run["results"][0];
  EXPECT_EQ(result["ruleId"], "fathom/bug");
  EXPECT_EQ(result["level"], "warning");
  const Json& place = result["locations"][0]["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"], "src/a.cpp");
  EXPECT_EQ(place["region"]["startLine"], 3);
  EXPECT_EQ(result["partialFingerprints"]["primaryLocationLineHash"], "00112233aabbccdd");
  const Json& replacement = result["fixes"][0]["artifactChanges"][0]["replacements"][0];
  EXPECT_EQ(replacement["deletedRegion"], (Json{{"startLine", 3}, {"endLine", 3}}));
  EXPECT_EQ(replacement["insertedContent"]["text"],
            "  if (n == 0) return 0;\n  int half = total / n;");
}

TEST(FormatSarif, ADeletionTakesTheLineEndsWithIt) {
  ReviewReport report = sample_report();
  report.findings[0].suggestion->replacement = "";
  const Json log = check_json("sarif", report);
  const Json& replacement =
      log["runs"][0]["results"][0]["fixes"][0]["artifactChanges"][0]["replacements"][0];
  EXPECT_EQ(replacement["deletedRegion"],
            (Json{{"startLine", 3}, {"startColumn", 1}, {"endLine", 4}, {"endColumn", 1}}));
}

TEST(FormatSarif, PathsThatAreNotUtf8ArePercentEncodedAndTextsHoldNoLinks) {
  const Json run = check_json("sarif", hostile_report())["runs"][0];
  const Json& result = run["results"][0];
  EXPECT_EQ(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "a%0Ab%EF%25%2C%3A.c");
  EXPECT_THAT(result["message"]["text"].get<std::string>(), HasSubstr("\\[a\\](b)"));
  EXPECT_EQ(run["invocations"][0]["executionSuccessful"], false);
  EXPECT_EQ(run["invocations"][0]["toolExecutionNotifications"].size(), 1u);
}

TEST(FormatSarif, FindingsOfACategoryShareItsRule) {
  ReviewReport report = sample_report();
  report.findings.push_back(report.findings[0]);
  report.findings.push_back(finding_on("b.c", {1, 1}, "x"));
  report.findings.back().category = "security";
  const Json run = check_json("sarif", report)["runs"][0];
  EXPECT_EQ(run["tool"]["driver"]["rules"].size(), 2u);
  for (const Json& result : run["results"])
    EXPECT_EQ(run["tool"]["driver"]["rules"][result["ruleIndex"].get<size_t>()]["id"],
              result["ruleId"]);
}

TEST(FormatRdjsonl, IsADiagnosticALine) {
  const Json diagnostic = Json::parse(check("rdjsonl", sample_report()));
  const Json range = {{"start", {{"line", 3}}}, {"end", {{"line", 3}}}};
  EXPECT_EQ(diagnostic["location"], (Json{{"path", "src/a.cpp"}, {"range", range}}));
  EXPECT_EQ(diagnostic["severity"], "WARNING");
  EXPECT_EQ(diagnostic["suggestions"][0]["range"], range);
  EXPECT_EQ(diagnostic["suggestions"][0]["text"],
            "  if (n == 0) return 0;\n  int half = total / n;");
}

TEST(FormatRdjsonl, HasTheSuggestionsLinesBecauseReviewdogWantsThemEqual) {
  ReviewReport report = sample_report();
  report.findings[0].suggestion->lines = {2, 4};
  const Json diagnostic = Json::parse(check("rdjsonl", report));
  EXPECT_EQ(diagnostic["location"]["range"], diagnostic["suggestions"][0]["range"]);
}

TEST(FormatRdjsonl, AnEmptyLineIsNotSaidAsADeletion) {
  ReviewReport report = sample_report();
  report.findings[0].suggestion->replacement = "\n";
  EXPECT_FALSE(Json::parse(check("rdjsonl", report)).contains("suggestions"));
}

TEST(FormatGithub, IsAWorkflowCommandALine) {
  EXPECT_EQ(check("github", sample_report()),
            "::warning file=src/a.cpp,line=3,endLine=3,title=fathom%3A bug::n may be 0 here\n");
}

TEST(FormatGithub, NoTextBecomesACommand) {
  const std::string text = check("github", hostile_report());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);  // the finding, and what is missing
  EXPECT_THAT(text, HasSubstr("file=a%0Ab\xef\xbf\xbd%25%2C%3A.c,line"));
  EXPECT_THAT(text, HasSubstr("::x%0A::error::forged%0A"));
}

TEST(FormatGithub, TheWorstTenOfEachLevelComeFirst) {
  ReviewReport report;
  for (int i = 1; i <= 12; ++i) report.findings.push_back(finding_on("a.c", {i, i}, "m"));
  report.findings.push_back(finding_on("a.c", {99, 99}, "worst"));
  report.findings.back().severity = Severity::error;
  const std::string text = check("github", report);
  EXPECT_TRUE(text.starts_with("::error file=a.c,line=99,")) << text;
  EXPECT_THAT(text, HasSubstr("::notice title=fathom::2 findings more"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 12);
}

TEST(FormatGithubReview, OffersTheSuggestionOnExactlyItsLines) {
  ReviewReport report = sample_report();
  report.findings[0].suggestion->lines = {2, 3};
  const Json comment = check_json("github-review", report)["comments"][0];
  EXPECT_EQ(comment["path"], "src/a.cpp");
  EXPECT_EQ(comment["start_line"], 2);
  EXPECT_EQ(comment["line"], 3);
  EXPECT_EQ(comment["side"], "RIGHT");
  EXPECT_EQ(comment["body"],
            "**warning** (bug): n may be 0 here\n\n"
            "```suggestion\n  if (n == 0) return 0;\n  int half = total / n;\n```\n\n"
            "_Verified: the suggestion applies, parses._\n\n"
            "<!-- fathom:00112233aabbccdd -->");
}

TEST(FormatGithubReview, LinesOutsideTheDiffAreLeftOut) {
  ReviewReport report = sample_report();
  report.findings[0].suggestion->lines = {3, 6};
  EXPECT_THAT(check_json("github-review", report)["comments"][0]["body"].get<std::string>(),
              Not(HasSubstr("suggestion")));
  report.findings[0].lines = {6, 6};
  EXPECT_EQ(check_json("github-review", report)["comments"].size(), 0u);
}

TEST(FormatGithubReview, FencesHoldWhateverIsSuggested) {
  ReviewReport report = sample_report();
  report.findings[0].message = "a\n/close @all <!-- fathom:00 -->";
  report.findings[0].suggestion->replacement = "```\n/close\n````\n";
  const Json comment = check_json("github-review", report)["comments"][0];
  const auto body = comment["body"].get<std::string>();
  EXPECT_THAT(body, HasSubstr("\n`````suggestion\n```\n/close\n````\n`````\n"));
  EXPECT_TRUE(
      body.starts_with("**warning** (bug): a /close \\@\xe2\x80\x8b"
                       "all \\<"))
      << body;
}

TEST(FormatGitlab, IsACodeClimateIssue) {
  const Json issue = check_json("gitlab", sample_report())[0];
  EXPECT_EQ(issue["description"], "n may be 0 here");
  EXPECT_EQ(issue["check_name"], "fathom/bug");
  EXPECT_EQ(issue["severity"], "major");
  EXPECT_EQ(issue["fingerprint"], "00112233aabbccdd");
  EXPECT_EQ(issue["location"]["path"], "src/a.cpp");
  EXPECT_EQ(issue["location"]["lines"]["begin"], 3);
}

TEST(FormatGitlabNotes, CountsASuggestionsLinesFromTheNotesLine) {
  ReviewReport report = sample_report();
  report.findings[0].suggestion->lines = {2, 5};  // 5 is context; the note is on 4
  const Json note = check_json("gitlab-notes", report)[0];
  EXPECT_EQ(note["position"], (Json{{"position_type", "text"},
                                    {"old_path", "src/a.cpp"},
                                    {"new_path", "src/a.cpp"},
                                    {"new_line", 4}}));
  EXPECT_THAT(note["body"].get<std::string>(), HasSubstr("```suggestion:-2+1\n"));
}

TEST(FormatGitlabNotes, ANewFileHasItsNewPathOnBothSides) {
  ReviewReport report = sample_report();
  report.files[0].diff.old_path = "";
  EXPECT_EQ(check_json("gitlab-notes", report)[0]["position"]["old_path"], "src/a.cpp");
}

TEST(FormatGitlabNotes, ASuggestionBeyondGitlabsReachIsLeftOut) {
  ReviewReport report = sample_report();
  report.files[0].diff.hunks = {hunk_of(1, 300, {150, 150})};
  report.findings[0].lines = {150, 150};
  report.findings[0].suggestion->lines = {49, 150};
  EXPECT_THAT(check_json("gitlab-notes", report)[0]["body"].get<std::string>(),
              Not(HasSubstr("suggestion:")));
}

TEST(FormatJunit, AFileFailsByItsFindings) {
  ReviewReport report = sample_report();
  report.unreviewed = {{"a.png", {}, "binary", true}, {"b.c", {}, "out of time"}};
  const std::string xml = check("junit", report);
  EXPECT_THAT(xml, HasSubstr("tests=\"3\" failures=\"1\" errors=\"1\" skipped=\"1\""));
  EXPECT_THAT(xml, HasSubstr("<failure type=\"bug\" message=\"n may be 0 here\">"));
  EXPECT_THAT(xml, HasSubstr("<skipped message=\"not reviewed: binary\"/>"));
  EXPECT_THAT(xml, HasSubstr("<error message=\"not reviewed: out of time\"/>"));
}

TEST(FormatJunit, NoTextEndsAnElement) {
  const std::string xml = check("junit", hostile_report());
  EXPECT_THAT(xml, Not(HasSubstr("</failure>]]")));
  EXPECT_THAT(xml, HasSubstr("&lt;/failure&gt;]]&gt;\\x1b[1m\\x01"));
}

TEST(FormatMarkdown, ListsFindingsAndWhatIsMissing) {
  ReviewReport report = sample_report();
  report.unreviewed = {{"b.c", {}, "out of time"}};
  report.rejected.duplicate = 1;
  EXPECT_EQ(check("markdown", report),
            "## fathom review\n\n1 finding (1 warning) in 1 hunk of 1 file.\n\n"
            "**The review is incomplete.**\n\n"
            "- **warning** (bug) `src/a.cpp:3`: n may be 0 here\n"
            "- not reviewed: `b.c`: out of time\n\n"
            "Not shown: 1 repeated.\n\nfathom 1.2.3, `scripted`\n");
}

TEST(FormatMarkdown, StaysBelowWhatGithubTakes) {
  ReviewReport report;
  for (int i = 1; i < 1000; ++i)
    report.findings.push_back(finding_on("a.c", {i, i}, std::string(4000, '*')));
  const std::string text = check("markdown", report);
  EXPECT_LT(text.size(), 1'000'000u);
  EXPECT_THAT(text, HasSubstr("more in the report."));
}

}  // namespace
}  // namespace fathom::completion
