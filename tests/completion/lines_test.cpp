#include "completion/lines.h"

#include <string>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

TEST(Lines, AreFoundFromAnyOffset) {
  const std::string_view text = "ab\r\ncd\n\nef";
  EXPECT_EQ(line_start(text, 0), 0u);
  EXPECT_EQ(line_start(text, 2), 0u);
  EXPECT_EQ(line_start(text, 4), 4u);
  EXPECT_EQ(line_start(text, text.size()), 8u);
  EXPECT_EQ(line_end(text, 0), 2u);
  EXPECT_EQ(line_end(text, 4), 6u);
  EXPECT_EQ(line_end(text, 7), 7u);
  EXPECT_EQ(line_end(text, 8), text.size());
  EXPECT_EQ(next_line(text, 1), 4u);
  EXPECT_EQ(next_line(text, 8), text.size());
}

TEST(Lines, KeepTheirBytesFromCrlfToLfAndBack) {
  EXPECT_EQ(to_lf("\xEF\xBB\xBF"
                  "a\r\nb\rc\n"),
            "a\nb\rc\n");
  EXPECT_EQ(to_crlf("a\nb"), "a\r\nb");
}

TEST(Lines, CountTabsToTheNextStop) {
  EXPECT_EQ(indent_of("  a"), 2);
  EXPECT_EQ(indent_of("\ta"), 8);
  EXPECT_EQ(indent_of("  \ta"), 8);
  EXPECT_EQ(indent_of(""), 0);
}

TEST(Lines, AreTrimmedOfBlanksOnly) {
  EXPECT_EQ(trim(" \ta b\r\n"), "a b");
  EXPECT_EQ(trim_right("  \n"), "");
  EXPECT_TRUE(is_blank(" \t\r\n"));
  EXPECT_FALSE(is_blank(" x"));
}

TEST(Bytes, BelongToWordsBeyondAscii) {
  EXPECT_TRUE(is_word_byte('_'));
  EXPECT_TRUE(is_word_byte('\xc3'));
  EXPECT_FALSE(is_word_byte('-'));
  EXPECT_TRUE(is_closer('}'));
  EXPECT_FALSE(is_closer('{'));
}

TEST(Bytes, AreNotSplitWithinACharacter) {
  const std::string_view text =
      "a\xe2\x82\xac"
      "b";
  EXPECT_EQ(next_character(text, 1), 1u);
  EXPECT_EQ(next_character(text, 2), 4u);
  EXPECT_EQ(next_character(text, 99), 99u);
}

}  // namespace
}  // namespace fathom::completion
