#include "lsp/json_text.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace fathom::lsp {
namespace {

void check(const std::string& text, const std::string& expected) {
  EXPECT_EQ(parse_json(text).get<std::string>(), expected) << text;
}

TEST(JsonText, KeepsValidUtf8) {
  check("\"\xC3\xA4\\u00e4\xF0\x9F\x98\x80\"", "\xC3\xA4\xC3\xA4\xF0\x9F\x98\x80");
}

TEST(JsonText, KeepsTheColumnsOfInvalidBytes) {
  check("\"a\xE4z\"", "a?z");                       // Latin-1
  check("\"a\xC3\"", "a?");                         // cut off
  check("\"\xED\xA0\x80\"", "???");                 // a surrogate written as UTF-8
  check("\"\xC0\xAF\xF4\x90\x80\x80\"", "??????");  // overlong; beyond U+10FFFF
}

TEST(JsonText, ReplacesHalfASurrogatePair) {
  const std::string kReplacement = "\xEF\xBF\xBD";
  check(R"("\ud83d\ude00")", "\xF0\x9F\x98\x80");
  check(R"("\ud83dx")", kReplacement + "x");
  check(R"("\ude00\ud83d")", kReplacement + kReplacement);
  check(R"("\ud83d\ud83d\ude00")", kReplacement + "\xF0\x9F\x98\x80");
  check(R"("\\ud83d\ud83d")", "\\ud83d" + kReplacement);  // the first is an escaped backslash
}

TEST(JsonText, RefusesWhatIsNoJson) {
  for (const char* text : {"", "{", "{\"a\":}", "[1,]", "\"\\x\"", "nul", "1 2"})
    EXPECT_TRUE(parse_json(text).is_discarded()) << text;
}

TEST(JsonText, RefusesNestingThatNoMessageHas) {
  const auto nested = [](int depth) {
    return std::string(size_t(depth), '[') + std::string(size_t(depth), ']');
  };
  EXPECT_FALSE(parse_json(nested(kMaxJsonDepth)).is_discarded());
  EXPECT_TRUE(parse_json(nested(kMaxJsonDepth + 1)).is_discarded());
  EXPECT_TRUE(parse_json(std::string(1'000'000, '[')).is_discarded());
  EXPECT_FALSE(parse_json("\"" + std::string(1000, '[') + "\\\"[\"").is_discarded());
}

TEST(JsonText, WritesValidUtf8Only) { EXPECT_EQ(to_text("a\xFFz"), "\"a\xEF\xBF\xBDz\""); }

}  // namespace
}  // namespace fathom::lsp
