#include "completion/syntax/block_end.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

/// Feeds `generated` in pieces of `step` bytes; what belongs to the block, or "open".
std::string block_of(std::string_view language, std::string_view before, int indent,
                     std::string_view generated, size_t step) {
  BlockEnd block(*find_language(language, ""), before, indent);
  for (size_t n = std::min(step, generated.size());; n = std::min(n + step, generated.size())) {
    if (const auto end = block.find(generated.substr(0, n)))
      return std::string(generated.substr(0, *end));
    if (n == generated.size()) return "open";
  }
}

struct Case {
  std::string_view language;
  std::string_view before;
  std::string_view generated;
  std::string_view expected;
  int indent = 0;
};

/// The same whatever the tokens are.
void check(const Case& c) {
  for (const size_t step : {1, 2, 3, 7, 1000}) {
    EXPECT_EQ(block_of(c.language, c.before, c.indent, c.generated, step), c.expected)
        << "in pieces of " << step;
  }
}

TEST(BlockEnd, IsTheBracketThatClosesIt) {
  check({.language = "cpp",
         .before = "int f(int a) {",
         .generated = "\n  if (a) {\n    return g();\n  }\n  return 1;\n}\n\nint h() {",
         .expected = "\n  if (a) {\n    return g();\n  }\n  return 1;\n}"});
  check({.language = "go",
         .before = "\tif err != nil {\n",
         .generated = "\t\treturn err\n\t}\n\treturn nil\n",
         .expected = "\t\treturn err\n\t}",
         .indent = 8});
}

TEST(BlockEnd, TakesWhatFollowsTheBracketDirectly) {
  check({.language = "javascript",
         .before = "list.map((a) => {",
         .generated = "\n  return a;\n});\nfoo();",
         .expected = "\n  return a;\n});"});
  check({.language = "cpp",
         .before = "struct A {\n",
         .generated = "  int a;\n};\n\nstruct B {",
         .expected = "  int a;\n};"});
}

TEST(BlockEnd, DoesNotCountBracketsInStringsAndComments) {
  check({.language = "cpp",
         .before = "void f() {",
         .generated = "\n  g(\"}\", '}');  // }\n}\nx",
         .expected = "\n  g(\"}\", '}');  // }\n}"});
}

TEST(BlockEnd, IsAKeywordWhereTheLanguageHasThem) {
  check({.language = "lua",
         .before = "function f(a)\n",
         .generated = "  for i = 1, a do\n    endless(i)\n  end\n  return a\nend\n\nlocal x",
         .expected = "  for i = 1, a do\n    endless(i)\n  end\n  return a\nend"});
}

TEST(BlockEnd, IsNotTheEndOfWhatIsNoBlockInRuby) {
  check({.language = "ruby",
         .before = "def f(a)\n",
         .generated =
             "  return 1 if a\n  while a do\n    a.each do |b|\n      g(b) unless b\n    end\n"
             "  end\n  if a\n    h\n  end\nend\n\ndef g\n",
         .expected =
             "  return 1 if a\n  while a do\n    a.each do |b|\n      g(b) unless b\n    end\n"
             "  end\n  if a\n    h\n  end\nend"});
}

TEST(BlockEnd, IsNotAPatternsBracketInAShell) {
  check({.language = "shellscript",
         .before = "f() {\n",
         .generated =
             "  case $1 in\n    a) g ;;\n    *) h ;;\n  esac\n  if x; then\n    y\n  elif z; "
             "then\n    y\n  else\n    w\n  fi\n}\n\ng",
         .expected =
             "  case $1 in\n    a) g ;;\n    *) h ;;\n  esac\n  if x; then\n    y\n  elif z; "
             "then\n    y\n  else\n    w\n  fi\n}"});
}

TEST(BlockEnd, IsTheIndentationInPython) {
  check({.language = "python",
         .before = "def f(a):\n",
         .generated = "    if a:\n        return 1\n\n    return 2\n\n\ndef g():\n",
         .expected = "    if a:\n        return 1\n\n    return 2\n\n"});
  check({.language = "python",
         .before = "    def f(a):",
         .generated = " return 1\n    x = 2",
         .expected = " return 1",
         .indent = 4});
}

TEST(BlockEnd, IgnoresTheIndentationInBracketsAndStrings) {
  check({.language = "python",
         .before = "def f():\n",
         .generated = "    a = g(\n1,\n)\n    b = \"\"\"\ntext\n\"\"\"\n    return a\nx = 1\n",
         .expected = "    a = g(\n1,\n)\n    b = \"\"\"\ntext\n\"\"\"\n    return a"});
}

TEST(BlockEnd, IsALineOutsideAlsoIfTheModelForgetsTheBracket) {
  check({.language = "cpp",
         .before = "  void f() {",
         .generated = "\n    g();\nint main() {\n",
         .expected = "\n    g();",
         .indent = 2});
}

TEST(BlockEnd, IsNotKnownBeforeItIsThere) {
  check({.language = "cpp", .before = "void f() {", .generated = "\n  g(", .expected = "open"});
  check({.language = "python",
         .before = "def f():\n",
         .generated = "    g()\n  ",
         .expected = "open"});
}

void check_aligned(std::string_view language, std::string_view before, std::string_view block,
                   std::string_view expected) {
  EXPECT_EQ(BlockEnd(*find_language(language, ""), before, 0).with_aligned_bracket(block),
            expected);
}

TEST(BlockEnd, PutsTheBracketUnderTheHeader) {
  check_aligned("cpp", "  void f() {", "\n    g();\n    }", "\n    g();\n  }");
  check_aligned("go", "\tif a {\n", "\t\tb()\n}", "\t\tb()\n\t}");
  check_aligned("lua", "if a then", "\n  b()\n  end", "\n  b()\nend");
  check_aligned("cpp", "  void f() {", " g(); }", " g(); }");
  check_aligned("python", "def f():", "\n    g(\n    )", "\n    g(\n    )");
}

void check_errors(std::string_view language, std::string_view before, std::string_view generated,
                  std::string_view expected) {
  BlockEnd block(*find_language(language, ""), before, 0);
  EXPECT_EQ(generated.substr(0, block.length_without_errors(generated)), expected);
}

TEST(BlockEnd, KeepsTheLinesBeforeASyntaxError) {
  check_errors("cpp", "void f() {", "\n  g();\n  for for (;\n}", "\n  g();");
  check_errors("python", "def f():\n", "    a = 1\n    b = = 2\n", "    a = 1");
}

TEST(BlockEnd, KeepsEverythingThatParses) {
  check_errors("cpp", "void f() {", "\n  g();\n}", "\n  g();\n}");
  check_errors("cpp", "void f() {", "\n  if (a) {\n    g();", "\n  if (a) {\n    g();");
}

TEST(BlockEnd, BlamesNobodyForErrorsBeforeTheCursor) {
  check_errors("cpp", "void f(for) ] {", "\n  g(;\n}", "\n  g(;\n}");
}

TEST(BlockEnd, KnowsWhetherSomethingIsOpenAtItsBegin) {
  const auto is_open = [](std::string_view language, std::string_view before) {
    return BlockEnd(*find_language(language, ""), before, 0).is_open();
  };
  EXPECT_TRUE(is_open("cpp", "if (a) {"));
  EXPECT_TRUE(is_open("python", "  for a in b:"));
  EXPECT_TRUE(is_open("python", "f(a,"));
  EXPECT_TRUE(is_open("lua", "if a then"));
  EXPECT_FALSE(is_open("cpp", "f(a);"));
  EXPECT_FALSE(is_open("python", "a = 1"));
}

TEST(BlockEnd, ClosesTheOneBracketThatIsMissing) {
  const auto closed = [](std::string_view language, std::string_view before,
                         std::string_view block) {
    return BlockEnd(*find_language(language, ""), before, 2).with_missing_bracket(block);
  };
  EXPECT_EQ(closed("cpp", "  if (a) {", "\n    b();"), "\n    b();\n  }");
  EXPECT_EQ(closed("lua", "  if a then", "\n    b()"), "\n    b()\n  end");
  EXPECT_EQ(closed("cpp", "  if (a) {", "\n    b();\n  }"), "\n    b();\n  }");
  EXPECT_EQ(closed("cpp", "  f([] {", "\n    b();"), "\n    b();") << "two are missing";
}

TEST(BlockEnd, CostsLittleForEachToken) {
  std::string before = "void f() {\n";
  for (int i = 0; i < 60; ++i) before += "  // a header with a long comment, as they come\n";
  std::string generated;
  BlockEnd block(*find_language("cpp", ""), before, 0);
  const auto start = std::chrono::steady_clock::now();
  constexpr int kTokens = 200;
  for (int i = 0; i < kTokens; ++i) {
    generated += i % 4 == 3 ? "}\n" : "if (a) {";
    block.find(generated);
  }
  const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
  RecordProperty("ms_per_token", std::to_string(spent.count() / kTokens));
  EXPECT_LT(spent.count() / kTokens, 50.0);  // about 0.4; a parse of the whole takes far longer
}

}  // namespace
}  // namespace fathom::completion
