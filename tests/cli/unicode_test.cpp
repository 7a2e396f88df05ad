#include "editors/cli/unicode.h"

#include <gtest/gtest.h>

namespace fathom::cli {
namespace {

TEST(DecodeUtf8, GivesCodePointsOfEveryLength) {
  EXPECT_EQ(decode_utf8("a\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80"), U"a\u00e9\u6f22\U0001f600");
}

TEST(DecodeUtf8, ReplacesWhatIsNotUtf8) { EXPECT_EQ(decode_utf8("a\xff"), U"a\ufffd"); }

TEST(Strip, TakesAwayWhatPythonCallsSpace) {
  EXPECT_EQ(strip(" \t\r\n x y \x0b\x0c\x1c"), "x y");
  EXPECT_EQ(strip("\xc2\xa0\xe3\x80\x80x\xc2\x85"), "x");
  EXPECT_EQ(strip("   "), "");
  EXPECT_EQ(strip(""), "");
}

TEST(Strip, LeavesOtherCharactersAlone) {
  EXPECT_EQ(strip("\xe2\x80\x8bx"), "\xe2\x80\x8bx");  // zero width space: not a space in Python
  EXPECT_EQ(strip("\x85x\xff"), "\x85x\xff");          // not UTF-8
}

}  // namespace
}  // namespace fathom::cli
