#include "completion/review/quotable_lines.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

/// Lines by number; "+" before the text of an added one.
std::vector<ShownLine> lines_of(const std::vector<std::pair<int, std::string>>& lines) {
  std::vector<ShownLine> shown;
  for (const auto& [number, text] : lines) {
    const bool is_added = text.starts_with('+');
    shown.push_back({.number = number, .text = text.substr(is_added), .is_added = is_added});
  }
  return shown;
}

bool is_quote(const QuotableLines& lines, std::string_view text) {
  QuotableLines::Quote quote = lines.begin_quote();
  for (const char byte : text)
    if (!lines.advance(quote, static_cast<uint8_t>(byte))) return false;
  return lines.may_end(quote);
}

TEST(QuotableLines, AreAddedLinesAndWhatFollowsThem) {
  const QuotableLines lines(lines_of({{1, "a();"}, {2, "+  b();"}, {3, "c();"}, {5, "+d();"}}),
                            600);
  EXPECT_TRUE(is_quote(lines, "  b();"));
  EXPECT_TRUE(is_quote(lines, "b();")) << "without its indentation";
  EXPECT_TRUE(is_quote(lines, "  b();\\nc();"));
  EXPECT_TRUE(is_quote(lines, "d();"));
  EXPECT_FALSE(is_quote(lines, "a();")) << "not added";
  EXPECT_FALSE(is_quote(lines, "c();"));
  EXPECT_FALSE(is_quote(lines, "  b();\\nd();")) << "line 4 is between";
  EXPECT_FALSE(is_quote(lines, " b();"));
  EXPECT_FALSE(is_quote(lines, "b()")) << "a whole line";
  EXPECT_FALSE(is_quote(lines, ""));
}

TEST(QuotableLines, AreToldOneByOne) {
  const QuotableLines lines(lines_of({{1, "+  b\\n();"}, {2, "+c"}, {3, "d"}, {5, "+c"}}), 600);
  EXPECT_EQ(lines.lines(), (std::vector<std::string_view>{"  b\\\\n();", "b\\\\n();", "c"}));
}

TEST(QuotableLines, PassOverRemovedLinesAndThoseAroundTheHunk) {
  std::vector<ShownLine> shown = lines_of({{1, "+a"}, {0, "old"}, {2, "+b"}, {3, "+c"}});
  shown.back().is_in_hunk = false;
  const QuotableLines lines(shown, 600);
  EXPECT_TRUE(is_quote(lines, "a\\nb\\nc"));
  EXPECT_FALSE(is_quote(lines, "old"));
  EXPECT_FALSE(is_quote(lines, "c"));
}

TEST(QuotableLines, AreWrittenAsJson) {
  const QuotableLines lines(
      lines_of({{1, "+\tprint(\"a\\n\");\x01\xc3\xa9"}, {2, "+    "}, {3, "+x"}}), 600);
  const std::string first = R"(\tprint(\"a\\n\");\u0001)"
                            "\xc3\xa9";
  EXPECT_TRUE(is_quote(lines, first));
  EXPECT_TRUE(is_quote(lines, first + R"(\n    \nx)"));
  EXPECT_FALSE(is_quote(lines, R"(\tprint(\"a\)"))
      << "that is a backslash of the code, no line end";
  EXPECT_FALSE(is_quote(lines, "    ")) << "nothing to quote";
}

TEST(QuotableLines, AreBounded) {
  const std::string line(5, 'x');
  const std::string quotes(20, '"');
  const QuotableLines lines(lines_of({{1, "+" + line}, {2, "+" + line}, {3, "+" + quotes}}), 12);
  EXPECT_TRUE(is_quote(lines, line + "\\n" + line));
  EXPECT_FALSE(is_quote(lines, line + "\\n" + line + "\\n\\\""));
  EXPECT_TRUE(is_quote(lines, R"(\"\"\"\"\"\")")) << "as far as there is room";
  EXPECT_TRUE(QuotableLines(lines_of({{1, "a"}, {2, "+ "}}), 600).empty());
}

}  // namespace
}  // namespace fathom::completion
