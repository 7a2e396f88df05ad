#include "completion/context/window.h"

#include <string>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

std::string lines(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) text += "line number " + std::to_string(i) + "\n";
  return text;
}

TEST(WindowBegin, IsTheTextsWhereEverythingFits) {
  EXPECT_EQ(window_begin("abc\ndef\n", 8, 8), 0u);
  EXPECT_EQ(window_begin("", 0, 0), 0u);
}

TEST(WindowBegin, IsALineStartThatLeavesTheWindowNearlyFull) {
  const std::string text = lines(500);
  for (size_t end = 0; end < text.size(); end += 13) {
    const size_t begin = window_begin(text, end, 1000);
    ASSERT_LE(end - begin, 1000u);
    if (begin > 0) {
      EXPECT_EQ(text[begin - 1], '\n');
      EXPECT_GE(end - begin, 700u);  // three quarters, less a line
    }
  }
}

TEST(WindowBegin, MovesRarelyWhileTextIsTyped) {
  const std::string text = lines(500);
  int n_moves = 0;
  size_t last = 0;
  for (size_t end = 0; end < text.size(); ++end) {
    const size_t begin = window_begin(text.substr(0, end), end, 1000);
    EXPECT_GE(begin, last);
    n_moves += begin != last;
    last = begin;
  }
  EXPECT_LE(n_moves, static_cast<int>(text.size() / 250));
}

TEST(WindowBegin, DoesNotDependOnWhatFollows) {
  const std::string text = lines(100);
  EXPECT_EQ(window_begin(text, 1500, 600), window_begin(text.substr(0, 1500), 1500, 600));
}

TEST(WindowBegin, CutsALineThatFillsTheWindowBetweenCharacters) {
  std::string text;
  while (text.size() < 3000) text += "\xe2\x82\xac";
  for (size_t end = 1000; end < 2000; ++end) {
    const size_t begin = window_begin(text, end, 300);
    ASSERT_LE(begin, end + 2);
    EXPECT_TRUE(begin % 3 == 0 || begin >= end) << begin;
  }
}

TEST(WindowEnd, IsTheLastLineEndThatFits) {
  const std::string text = "one\ntwo\nthree\n";
  EXPECT_EQ(window_end(text, 0, 9), 8u);
  EXPECT_EQ(window_end(text, 0, 8), 8u);
  EXPECT_EQ(window_end(text, 0, 99), text.size());
  EXPECT_EQ(window_end(text, 2, 3), 4u);
  EXPECT_EQ(window_end(text, 2, 0), 2u);
}

TEST(WindowEnd, CutsALongLineBetweenCharacters) {
  EXPECT_EQ(window_end("a\xe2\x82\xac"
                       "bcd",
                       0, 3),
            1u);
  EXPECT_EQ(window_end("abcdef\n", 0, 3), 3u);
}

}  // namespace
}  // namespace fathom::completion
