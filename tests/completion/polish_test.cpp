#include "completion/polish.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/marked_text.h"

namespace fathom::completion {
namespace {

using test::take_cursor;

/// What the buffer holds once the suggestion is accepted, or "filtered: RULE".
std::string accept(std::string_view marked, std::string_view generated) {
  auto [text, cursor] = take_cursor(marked);
  const Suggestion suggestion = polish(generated, surroundings_of(text, cursor));
  if (!suggestion.filtered_by.empty()) {
    EXPECT_EQ(suggestion.text, "");
    EXPECT_EQ(suggestion.replaced, 0u);
    return "filtered: " + std::string(suggestion.filtered_by);
  }
  const size_t line_end = std::min(text.find('\n', cursor), text.size());
  EXPECT_LE(cursor + suggestion.replaced, line_end) << "the range leaves the line";
  if (suggestion.text.find('\n') != std::string::npos) {
    EXPECT_EQ(cursor + suggestion.replaced, line_end) << "several lines, but not up to the end";
  }
  return text.replace(cursor, suggestion.replaced, suggestion.text);
}

void check(std::string_view marked, std::string_view generated, std::string_view expected) {
  EXPECT_EQ(accept(marked, generated), expected) << marked << " + " << generated;
}

TEST(Polish, InsertsWhatFits) {
  check("int a = $0\nint b;\n", "1;", "int a = 1;\nint b;\n");
  check("int a = $0", "f(1);  \n", "int a = f(1);");
}

TEST(Polish, RemovesWhatStandsBehindTheCursor) {
  check("f($0)\n", "a, b)", "f(a, b)\n");
  check("f($0);\n", "a, g(b));", "f(a, g(b));\n");
  check("x = \"$0\"\n", "hello\"", "x = \"hello\"\n");
}

TEST(Polish, ReplacesClosersThatTheTextRetypes) {
  check("f($0);\n", "a).b(c)", "f(a).b(c);\n");
  check("f(g($0))\n", "a), b", "f(g(a), b)\n");
}

TEST(Polish, RemovesLinesThatFollowAlready) {
  check("void f() {\n  $0\n  return a;\n}\n", "int a = g();\n  return a;\n}",
        "void f() {\n  int a = g();\n  return a;\n}\n");
  check("void f() {\n  $0\n}\n", "g();\n}", "void f() {\n  g();\n}\n");
}

TEST(Polish, KeepsABracketOfAnotherBlock) {
  check("class A {\n  void f() {$0\n};\n", "\n    g();\n  }",
        "class A {\n  void f() {\n    g();\n  }\n};\n");
}

TEST(Polish, PutsABlockBetweenClosedBrackets) {
  check("void f() {$0}\n", "\n  g();\n}", "void f() {\n  g();\n}\n");
  check("void f() {$0}\n", "\n  g();", "void f() {\n  g();\n}\n");
  check("  list.map((a) => {$0});\n", "\n    return a;\n  })",
        "  list.map((a) => {\n    return a;\n  });\n");
}

TEST(Polish, KeepsOneLineBeforeOtherText) {
  check("int a = $0 + b;\n", "c *\n  d", "int a = c * + b;\n");
  check("int a = $0 + b;\n", "\n  d", "filtered: mid_line");
}

TEST(Polish, ReplacesBlanksBehindTheCursorBySeveralLines) {
  check("void f() {$0  \n}\n", "\n  g();\n}", "void f() {\n  g();\n}\n");
}

TEST(Polish, FiltersNothingNew) {
  check("int a;$0\n", "  \n ", "filtered: empty");
  check("f($0)\n", ")", "filtered: empty");
  check("  int value = 1;\n  $0\n", "int value = 1;", "filtered: repeats_above");
  check("  $0\n\n  int value = 1;\n", "int value = 1;", "filtered: repeats_below");
}

TEST(Polish, KeepsARepetitionThatSomeoneHasBegunToType) {
  check("  add(row);\n  add$0\n", "(row);", "  add(row);\n  add(row);\n");
}

TEST(Polish, ReadsSurroundingsAcrossLineEndsOfAnyKind) {
  const auto [text, cursor] = take_cursor("one\r\n\r\ntwo $0 rest\r\n \r\nthree  \r\n");
  const Surroundings around = surroundings_of(text, cursor);
  EXPECT_EQ(around.above, "one");
  EXPECT_EQ(around.line, "two ");
  EXPECT_EQ(around.rest, " rest");
  ASSERT_EQ(around.below.size(), 1u);
  EXPECT_EQ(around.below[0], "three");
}

}  // namespace
}  // namespace fathom::completion
