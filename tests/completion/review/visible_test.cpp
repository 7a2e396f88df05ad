#include "completion/review/visible.h"

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

TEST(Visible, TerminalEscapesAreSpelledOut) {
  EXPECT_EQ(visible_text("a\x1b[2J\r\b\x7f"), "a\\x1b[2J\\x0d\\x08\\x7f");
  EXPECT_EQ(visible_text("\xc2\x9b"
                         "2J"),
            "\\x9b2J");  // the one-byte CSI, as UTF-8
}

TEST(Visible, WhatReordersOrHidesTextIsSpelledOut) {
  EXPECT_EQ(visible_text("/*\xe2\x80\xae*/"), "/*\\u202e*/");
  EXPECT_EQ(visible_text("a\xe2\x80\x8b\xef\xbb\xbf"
                         "b"),
            "a\\u200b\\ufeffb");
  EXPECT_EQ(visible_text("\xf3\xa0\x81\xa1"), "\\ue0061");  // a tag character
}

TEST(Visible, TextOfAnyLanguageStays) {
  const std::string text = "gr\xc3\xbc\xc3\x9f \xe4\xb8\xad \xf0\x9f\x98\x80\t.";
  EXPECT_EQ(visible_text(text), text);
  EXPECT_TRUE(is_plain_text(text));
}

TEST(Visible, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(visible_text("na\xefve"), "na\xef\xbf\xbdve");
  EXPECT_FALSE(is_plain_text("na\xefve"));
}

TEST(Visible, LineFeedsStayOnlyBetweenLines) {
  EXPECT_EQ(visible_text("a\nb"), "a\\x0ab");
  EXPECT_EQ(visible_lines("a\nb"), "a\nb");
}

TEST(Visible, LineEndsOfEverySystemArePlain) {
  EXPECT_TRUE(is_plain_text("a\r\nb\n"));
  EXPECT_FALSE(is_plain_text("a\rb\n"));
}

}  // namespace
}  // namespace fathom::completion
