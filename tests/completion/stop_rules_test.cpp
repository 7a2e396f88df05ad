#include "completion/stop_rules.h"

#include <string>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

struct Case {
  std::string_view generated;
  std::string_view text;
  std::string_view reason;
  std::string_view forced = "";
  bool block = false;
  bool opens = false;  // a line that ends with "{" opens a block
  int max_lines = 0;
};

std::unique_ptr<BlockEnd> open_block(std::string_view line) {
  if (!line.ends_with('{')) return nullptr;
  return std::make_unique<BlockEnd>(*find_language("cpp", ""), line, 0);
}

/// The same in pieces of any size; nothing is asked for behind the stop.
void check(const Case& c) {
  for (const size_t step : {1, 3, 100}) {
    auto block =
        c.block ? std::make_unique<BlockEnd>(*find_language("cpp", ""), "void f() {", 0) : nullptr;
    StopRules rules({.forced_prefix = std::string(c.forced),
                     .block = std::move(block),
                     .opened_block = c.opens ? open_block : nullptr,
                     .max_lines = c.max_lines});
    for (size_t at = 0; at < c.generated.size(); at += step) {
      if (!rules.feed(c.generated.substr(at, step))) break;
    }
    EXPECT_EQ(rules.text(), c.text) << step;
    EXPECT_EQ(rules.reason(), c.reason) << step;
  }
}

TEST(StopRules, EndALineAtItsEnd) {
  check({.generated = "a + b;\nreturn", .text = "a + b;", .reason = "line"});
  check({.generated = "a + b;", .text = "a + b;", .reason = ""});
}

TEST(StopRules, DoNotCountLineEndsBeforeTheText) {
  check({.generated = "\n  g();\n", .text = "\n  g();", .reason = "line"});
  check({.generated = "\n\n\n\n\n\n", .text = "", .reason = "line"});
}

TEST(StopRules, LeaveOutWhatIsTypedAlready) {
  check({.generated = " return a;\n", .text = "urn a;", .reason = "line", .forced = " ret"});
  check({.generated = " re", .text = "", .reason = "", .forced = " ret"});
}

TEST(StopRules, StopAGeneratorThatDoesNotKeepToItsPrefix) {
  StopRules rules({.forced_prefix = " ret"});
  EXPECT_FALSE(rules.feed("something else"));
  EXPECT_EQ(rules.text(), "");
}

TEST(StopRules, EndABlockWithItsBracket) {
  check(
      {.generated = "\n  g();\n}\nvoid", .text = "\n  g();\n}", .reason = "block", .block = true});
}

TEST(StopRules, GoOnToTheEndOfABlockThatTheLineOpens) {
  check({.generated = "if (a) {\n  b();\n}\nc();\n",
         .text = "if (a) {\n  b();\n}",
         .reason = "block",
         .opens = true});
  check({.generated = "b();\nc();\n", .text = "b();", .reason = "line", .opens = true});
}

TEST(StopRules, EndAfterTheLinesThatAreWanted) {
  check({.generated = "\n  a();\n  b();\n  c();\n}\n",
         .text = "\n  a();\n  b();",
         .reason = "max_lines",
         .block = true,
         .max_lines = 2});
  check({.generated = "\n  a();\n}\n",
         .text = "\n  a();\n}",
         .reason = "block",
         .block = true,
         .max_lines = 2});
}

TEST(StopRules, EndALineThatIsLongerThanLinesAre) {
  StopRules rules({.max_line_tokens = 2});
  EXPECT_TRUE(rules.feed("a "));
  EXPECT_FALSE(rules.feed("b "));
  EXPECT_EQ(rules.text(), "a b ");
  EXPECT_EQ(rules.reason(), "max_tokens");
}

TEST(StopRules, EndALoop) {
  std::string generated = "x";
  for (int i = 0; i < 20; ++i) generated += " + value";
  StopRules rules({});
  size_t n_fed = 0;
  while (n_fed < generated.size() && rules.feed(generated.substr(n_fed, 1))) ++n_fed;
  EXPECT_LT(n_fed, 60u);
  EXPECT_EQ(rules.text(), "");
  EXPECT_EQ(rules.reason(), "loop");
}

}  // namespace
}  // namespace fathom::completion
