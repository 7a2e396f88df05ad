#include "engine/base/text.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace fathom {
namespace {

using namespace std::string_view_literals;

TEST(WholeCharacters, KeepsBackAnUnfinishedCharacterOnly) {
  EXPECT_EQ(whole_characters(""), 0u);
  EXPECT_EQ(whole_characters("abc"), 3u);
  EXPECT_EQ(whole_characters("a\xC3"), 1u);
  EXPECT_EQ(whole_characters("a\xC3\xA9"), 3u);
  EXPECT_EQ(whole_characters("\xE2\x82"), 0u);
  EXPECT_EQ(whole_characters("\xE2\x82\xAC"), 3u);
  EXPECT_EQ(whole_characters("x\xF0\x9F\x98"), 1u);
  EXPECT_EQ(whole_characters("x\xF0\x9F\x98\x80"), 5u);
}

TEST(WholeCharacters, LetsInvalidBytesPassSoThatNoStreamWaitsForever) {
  EXPECT_EQ(whole_characters("\xFF"), 1u);
  EXPECT_EQ(whole_characters("a\x80\x80\x80\x80"), 5u);
}

TEST(ValidUtf8, LeavesValidTextAlone) {
  constexpr auto kText = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\0z"sv;
  EXPECT_EQ(to_valid_utf8(kText), kText);
}

TEST(ValidUtf8, ReplacesEveryByteThatIsNoCharacter) {
  const auto check = [](std::string_view bytes, size_t n_replacements) {
    std::string expected;
    for (size_t i = 0; i < n_replacements; ++i) expected += "\xEF\xBF\xBD";
    EXPECT_EQ(to_valid_utf8(bytes), expected);
  };
  check("\xFF", 1);
  check("\x80", 1);
  check("\xC0\xAF", 2);          // overlong '/'
  check("\xE0\x80\xAF", 3);      // overlong '/'
  check("\xED\xA0\x80", 3);      // a surrogate
  check("\xF4\x90\x80\x80", 4);  // above U+10FFFF
  check("\xE2\x82", 2);          // cut short
}

}  // namespace
}  // namespace fathom
