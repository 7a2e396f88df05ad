#include "completion/review/rule_findings.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/completion/review/sample_change.h"

namespace fathom::completion {
namespace {

/// "2 secret;" for each finding.
std::string found(std::string_view before, std::string_view after) {
  const ChangedFile file(test::change_of("a.py", before, after), SecretFinder());
  std::string result;
  for (const Finding& finding : rule_findings(file, SecretFinder())) {
    result += std::to_string(finding.lines.begin) + " " + finding.category + ";";
    EXPECT_EQ(finding.severity, Severity::error);
    EXPECT_EQ(finding.confidence, 1);
  }
  return result;
}

TEST(RuleFindings, AreOnAddedLinesOnly) {
  const std::string secret = "k = 'ghp_1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R'\n";
  EXPECT_EQ(found("a\n", "a\n" + secret), "2 secret;");
  EXPECT_EQ(found(secret, secret + "a\n"), "");
  EXPECT_EQ(found(secret, "a\n"), "");
}

TEST(RuleFindings, SeeWhatCannotBeSeen) {
  EXPECT_EQ(found("a\n", "a\n# \xe2\x80\xae x\n"), "2 hidden-text;");
  EXPECT_EQ(found("a\n", "a\n# \xe2\x81\xa6 x\n"), "2 hidden-text;");
  EXPECT_EQ(found("a\n", "a\n# \xf3\xa0\x81\xa1\n"), "2 hidden-text;");
  EXPECT_EQ(found("a\n", "a\n# \xe2\x82\xac \xe2\x80\x93 \xf0\x9f\x98\x80 gr\xfc\xdf\xe2\n"), "");
}

TEST(RuleFindings, SuggestTheLineWithoutWhatCannotBeSeen) {
  const ChangedFile file(
      test::change_of("a.py", "",
                      "if a:\r\n  # \xe2\x80\xae\xf3\xa0\x81\xa1 \xe2\x82\xac\r\n  b()\r\n"),
      SecretFinder());
  const std::vector<Finding> findings = rule_findings(file, SecretFinder());
  ASSERT_EQ(findings.size(), 1u);
  ASSERT_TRUE(findings[0].suggestion);
  EXPECT_EQ(findings[0].suggestion->replacement, "  #  \xe2\x82\xac\r\n");
}

TEST(RuleFindings, AreQuotedWithoutTheSecret) {
  const ChangedFile file(
      test::change_of("a.py", "", "k = 'ghp_1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R'\n"),
      SecretFinder());
  EXPECT_EQ(rule_findings(file, SecretFinder()).at(0).quote.substr(0, 8), "k = '***");
}

}  // namespace
}  // namespace fathom::completion
