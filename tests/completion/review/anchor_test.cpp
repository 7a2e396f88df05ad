#include "completion/review/anchor.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

/// Lines from 10 on: "+" added, " " in the hunk, "." around it, "-" removed.
std::vector<ShownLine> lines_of(const std::vector<std::string>& marked) {
  std::vector<ShownLine> lines;
  int number = 10;
  for (const std::string& line : marked) {
    lines.push_back({.number = line[0] == '-' ? 0 : number++,
                     .text = line.substr(1),
                     .is_added = line[0] == '+',
                     .is_in_hunk = line[0] != '.'});
  }
  return lines;
}

const std::vector<ShownLine> kLines = lines_of({
    ".void f() {",            // 10
    "   int  n = read();",    // 11
    "-  use(n);",             //
    "+  if (n = 0) return;",  // 12
    "+  use(buffer[n]);",     // 13
    "+  use(n);",             // 14
    "+  use(n);",             // 15
    " }",                     // 16
});

/// "12-13", with " part" if the quote is less than the lines; or why there is none.
std::string place_of(std::string_view quote, int line = 0) {
  const auto anchor = find_anchor(kLines, quote, line);
  if (!anchor) return anchor.error() == NoAnchor::not_added ? "not added" : "not found";
  return std::to_string(anchor->lines.begin) + "-" + std::to_string(anchor->lines.end) +
         (anchor->is_whole ? "" : " part");
}

TEST(Anchor, IsWhereTheQuoteStands) {
  EXPECT_EQ(place_of("  if (n = 0) return;"), "12-12");
  EXPECT_EQ(place_of("  if (n = 0) return;\n  use(buffer[n]);"), "12-13");
  EXPECT_EQ(place_of("\n  if (n = 0) return;\r\n\n"), "12-12");
}

TEST(Anchor, TakesBlanksAlike) {
  EXPECT_EQ(place_of("if (n  =  0)\treturn; "), "12-12");
  EXPECT_EQ(place_of("int n = read();\nif (n = 0) return;"), "11-12");
}

TEST(Anchor, TakesAPartOfALineThatIsLongEnough) {
  EXPECT_EQ(place_of("buffer[n]"), "13-13 part");
  EXPECT_EQ(place_of("(n = 0)"), "not found") << "seven bytes";
}

TEST(Anchor, NeedsTheLineOnlyToDecideBetweenEqualOnes) {
  EXPECT_EQ(place_of("  use(n);"), "not found");
  EXPECT_EQ(place_of("  use(n);", 15), "15-15");
  EXPECT_EQ(place_of("  use(n);", 13), "not found");
  EXPECT_EQ(place_of("  if (n = 0) return;", 99), "12-12");
}

TEST(Anchor, BelievesNoQuoteThatIsNotThere) {
  EXPECT_EQ(place_of("  if (n == 0) return;", 12), "not found");
  EXPECT_EQ(place_of("", 12), "not found");
  EXPECT_EQ(place_of(" \n\t\n", 12), "not found");
  EXPECT_EQ(place_of("  if (n = 0) return;\n  use(n);", 12), "not found") << "not adjacent";
}

TEST(Anchor, IsOnLinesThatTheDiffAdds) {
  EXPECT_EQ(place_of("void f() {"), "not added");
  EXPECT_EQ(place_of("   int  n = read();"), "not added");
}

TEST(Anchor, KnowsTheIndentationThatAQuoteLacks) {
  EXPECT_EQ(find_anchor(kLines, "if (n = 0) return;", 0)->missing_indent, "  ");
  EXPECT_EQ(find_anchor(kLines, "  if (n = 0) return;", 0)->missing_indent, "");
}

TEST(Anchor, TakesALineThatWasCutAsAPart) {
  std::vector<ShownLine> lines = kLines;
  lines[3].is_cut = true;
  EXPECT_FALSE(find_anchor(lines, "  if (n = 0) return;", 0)->is_whole);
}

}  // namespace
}  // namespace fathom::completion
