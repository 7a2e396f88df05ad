#include "completion/review/suggestion_gate.h"

#include <string>

#include <gtest/gtest.h>

#include "completion/syntax/syntax_tree.h"
#include "tests/completion/review/sample_change.h"

namespace fathom::completion {
namespace {

struct Case {
  std::string path = "a.c";
  std::string text = "int f(int a) {\n  if (a = 1) return 2;\n  return a;\n}\n";
  Anchor anchor = {.lines = {2, 2}};
};

/// The whole text with the suggestion in it, or "" if it does not pass.
std::string passed(std::string_view replacement, const Case& given = {}) {
  const SecretFinder secrets;
  const ChangedFile file(test::change_of(given.path, "", given.text), secrets);
  const auto suggestion = passed_suggestion(file, given.anchor, replacement, secrets);
  return suggestion ? with_suggestions(given.text, {*suggestion}) : "";
}

TEST(SuggestionGate, LetsCorrectionsPass) {
  EXPECT_EQ(passed("  if (a == 1) return 2;"),
            "int f(int a) {\n  if (a == 1) return 2;\n  return a;\n}\n");
  EXPECT_EQ(passed(""), "int f(int a) {\n  return a;\n}\n");
  EXPECT_EQ(passed("  a++;\n  a--;\n"), "int f(int a) {\n  a++;\n  a--;\n  return a;\n}\n");
}

TEST(SuggestionGate, KeepsTheFilesOwnLineEnds) {
  EXPECT_EQ(passed("b", {.path = "a.txt", .text = "x\r\na\r\n"}), "x\r\nb\r\n");
  EXPECT_EQ(passed("b\n", {.path = "a.txt", .text = "x\na"}), "x\nb");
  EXPECT_EQ(passed("b\r\nc", {.path = "a.txt", .text = "x\na\n"}), "x\nb\nc\n");
}

TEST(SuggestionGate, GivesBackTheIndentationThatTheQuoteLacked) {
  EXPECT_EQ(
      passed("if (a == 1) {\n  a++;\n}", {.anchor = {.lines = {2, 2}, .missing_indent = "  "}}),
      "int f(int a) {\n  if (a == 1) {\n    a++;\n  }\n  return a;\n}\n");
}

TEST(SuggestionGate, StopsWhatChangesNothingOrBreaksTheSyntax) {
  EXPECT_EQ(passed("  if (a = 1) return 2;"), "");
  EXPECT_EQ(passed("  if (a == 1 return 2;"), "");
  EXPECT_EQ(passed("  }"), "");
}

TEST(SuggestionGate, StopsOnlyNewErrorsInATextThatHasSome) {
  const std::string broken = "int f(int a) {\n  if (a = 1) return 2;\n  return a;\n}\nint g( {\n";
  EXPECT_NE(passed("  if (a == 1) return 2;", {.text = broken}), "");
  EXPECT_EQ(passed("  if (a == 1 return 2;", {.text = broken}), "");
}

TEST(SuggestionGate, SaysWhetherItCouldParse) {
  const SecretFinder secrets;
  for (const auto& [path, parses] : {std::pair("a.c", true), std::pair("a.unknown", false)}) {
    const ChangedFile file(test::change_of(path, "", "int a;\nint b;\n"), secrets);
    const auto suggestion = passed_suggestion(file, {.lines = {2, 2}}, "int c;", secrets);
    ASSERT_TRUE(suggestion);
    EXPECT_EQ(suggestion->parses, parses) << path;
    EXPECT_FALSE(suggestion->checked);
  }
}

TEST(SuggestionGate, StopsWhatItsParserGivesUp) {
  const std::string text = "int a;\nint b;\n" + std::string(SyntaxTree::kMaxBytes, '\n');
  EXPECT_EQ(passed("int c;", {.text = text}), "");
  EXPECT_NE(passed("int c;", {.path = "a.unknown", .text = text}), "");
}

TEST(SuggestionGate, StopsSecretsAndHiddenText) {
  EXPECT_EQ(passed("  char* k = \"ghp_1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R\";"), "");
  EXPECT_EQ(passed("  // \xe2\x80\xae hidden"), "");
  EXPECT_EQ(passed("  // \x1b[2J"), "");
}

TEST(SuggestionGate, StopsWhatTheModelHasNotSeenInFull) {
  EXPECT_EQ(passed("  a++;", {.anchor = {.lines = {2, 2}, .is_whole = false}}), "");
  EXPECT_EQ(passed("k = x", {.path = "a.py",
                             .text = "a = 1\nk = 'ghp_1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R'\n"}),
            "")
      << "it would be replaced by stars";
  const SecretFinder secrets;
  const ChangedFile bare(test::bare_change_of("a.c", "", "int a;\nint b;\n"), secrets);
  EXPECT_FALSE(passed_suggestion(bare, {.lines = {2, 2}}, "int c;", secrets));
}

TEST(SuggestionGate, PutsSeveralSuggestionsIntoAText) {
  EXPECT_EQ(with_suggestions("1\n2\n3\n4", {{.lines = {4, 4}, .replacement = "four"},
                                            {.lines = {1, 2}, .replacement = "one\n"}}),
            "one\n3\nfour");
}

}  // namespace
}  // namespace fathom::completion
