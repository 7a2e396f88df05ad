#include "completion/syntax/brackets.h"

#include <string>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

void check_closers(std::string_view language, std::string_view text, std::string_view expected) {
  SyntaxTree tree(*find_language(language, ""));
  ASSERT_TRUE(tree.update(text));
  std::string closers = missing_closers(tree);
  for (char& byte : closers) byte = byte == '\n' ? ' ' : byte;
  EXPECT_EQ(closers, expected) << language << ": " << text;
}

/// The end of the bracket that encloses the `|`, as the text up to it.
void check_end(std::string_view language, std::string_view marked, std::string_view expected) {
  const size_t from = marked.find('|');
  const std::string text =
      std::string(marked.substr(0, from)) + std::string(marked.substr(from + 1));
  SyntaxTree tree(*find_language(language, ""));
  ASSERT_TRUE(tree.update(text));
  const auto end = end_of_enclosing_bracket(tree, from);
  EXPECT_EQ(end ? text.substr(0, *end) : "none", expected);
}

TEST(MissingClosers, CloseWhatIsOpenInnermostFirst) {
  check_closers("cpp", "class A { void f() { g(a[1", " ] ) } } ");
  check_closers("cpp", "class A { void f() { g(a[1]); } };", "");
  check_closers("cpp", "#ifndef A_H\n#define A_H\nnamespace a {\n", " } #endif ");
  check_closers("javascript", "const f = () => { return `a${g(", " ) } } ");
  check_closers("python", "f(a, {1: [2", " ] } ) ");
}

TEST(MissingClosers, CountKeywordsThatNest) {
  check_closers("lua", "function f(a)\n  if a then\n    return 1\n  else\n", " end end ");
  check_closers("lua", "if a then b() elseif c then d() end\nfor i = 1, 2 do", " end ");
  check_closers("lua", "repeat\n  f()\n", " until ");
}

TEST(MissingClosers, DoNotCountCommentsAndStrings) {
  check_closers("cpp", "void f() { // {\n  g(\"{\", '(');\n", " } ");
  check_closers("rust", "fn f() { /* { */ let c = '{';\n", " } ");
}

TEST(EndOfEnclosingBracket, IsTheFirstThatWasOpenedBefore) {
  check_end("cpp", "void f() {| if (a) { b(); } } int c;", "void f() { if (a) { b(); } }");
  check_end("cpp", "f(|a, b(c))", "f(a, b(c))");
  check_end("cpp", "void f() {| if (a) { b(); }", "none");
  check_end("lua", "if a then| while b do c() end end", "if a then while b do c() end end");
}

void check_nested(std::string_view language, std::string_view text, size_t from, bool expected) {
  SyntaxTree tree(*find_language(language, ""));
  ASSERT_TRUE(tree.update(text));
  EXPECT_EQ(is_nested_between(tree, from, text.size()), expected) << text;
}

TEST(IsNestedBetween, CountsWhatIsOpenedInTheRangeOnly) {
  check_nested("python", "f(a, g(b,\n  c), h(", 0, true);
  check_nested("python", "f(a, g(b,\n  c)", 2, false);
  check_nested("python", "f(a, g(b,\n  c)", 0, true);
  check_nested("python", "a = \"\"\"b\nc", 0, true);
  check_nested("python", "a = \"\"\"b\n\"\"\"\nc", 0, false);
}

}  // namespace
}  // namespace fathom::completion
