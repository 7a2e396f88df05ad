#include "lsp/find_lines.h"

#include <string>

#include <gtest/gtest.h>

namespace fathom::lsp {
namespace {

Document document(std::string text, PositionEncoding encoding = PositionEncoding::utf16) {
  return Document({.uri = "file:///a", .path = "a", .language = "c"}, 1, std::move(text), encoding);
}

int found(std::string text, std::string_view lines, uint32_t line) {
  const auto at = find_lines(document(std::move(text)), lines, line);
  return at ? int(*at) : -1;
}

TEST(FindLines, TakesTheLinesWhereTheyAreExpected) {
  EXPECT_EQ(found("a\nb\na\nb\n", "a\nb", 0), 0);
  EXPECT_EQ(found("a\nb\na\nb\n", "a\nb", 2), 2);
  EXPECT_EQ(found("a\n\nb", "", 1), 1);
  EXPECT_EQ(found("a", "a", 0), 0);
}

TEST(FindLines, TakesTheOnlyPlaceElse) {
  EXPECT_EQ(found("new\na\nb\n", "a\nb", 0), 1);
  EXPECT_EQ(found("xa\na\nc\na\nb", "a\nb", 7), 3);
}

TEST(FindLines, FindsNothingWhereNothingOrTooMuchIs) {
  EXPECT_EQ(found("x\na\na\n", "a", 0), -1);
  EXPECT_EQ(found("ab\nba\n", "a", 0), -1);
  EXPECT_EQ(found("a\n", "a\nb", 0), -1);
  EXPECT_EQ(found("a\n\nb\n", "", 0), -1);
  EXPECT_EQ(found("", "a", 0), -1);
}

TEST(FindLines, ComparesLinesWithoutTheirEnds) {
  EXPECT_EQ(found("x\r\na\r\nb\r\n", "a\nb", 1), 1);
  EXPECT_EQ(found("x\r\na\r\nb", "a\nb", 0), 1);
}

TEST(FindLines, CountsTheRangeInTheClientsUnits) {
  const std::string text = "x\n\xc3\xa4\n\xf0\x9f\x99\x82\n";
  const Range utf16 = range_of_lines(document(text), 1, 2);
  EXPECT_EQ(utf16, (Range{.start = {.line = 1}, .end = {.line = 2, .character = 2}}));
  const Range utf8 = range_of_lines(document(text, PositionEncoding::utf8), 1, 1);
  EXPECT_EQ(utf8, (Range{.start = {.line = 1}, .end = {.line = 1, .character = 2}}));
}

}  // namespace
}  // namespace fathom::lsp
