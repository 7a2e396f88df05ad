#include "editors/cli/location.h"

#include <gtest/gtest.h>

namespace fathom::cli {
namespace {

TEST(FilePosition, IsReadFromTheRightSoThatNamesMayHaveColons) {
  const auto place = parse_file_position("a:1:b.cpp:12:7");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->file, "a:1:b.cpp");
  EXPECT_EQ(place->position.line, 12);
  EXPECT_EQ(place->position.column, 7);
}

TEST(FilePosition, IsRefusedWithoutTwoNumbersFromOne) {
  for (const char* bad : {"", ":", "a", "a:1", "a:1:", "a::1", "a:0:1", "a:1:0", "a:-1:1", "a:1:x",
                          ":1:1", "a:1:99999999999999999999"})
    EXPECT_FALSE(parse_file_position(bad)) << bad;
}

TEST(FileLines, MayBeLeftOut) {
  const auto place = parse_file_lines("dir/a.cpp");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->file, "dir/a.cpp");
  EXPECT_FALSE(place->lines);
}

TEST(FileLines, AreARangeOrOneLine) {
  const auto range = parse_file_lines("a:b.cpp:3-9");
  ASSERT_TRUE(range && range->lines);
  EXPECT_EQ(range->file, "a:b.cpp");
  EXPECT_EQ(range->lines->first, 3);
  EXPECT_EQ(range->lines->last, 9);

  const auto line = parse_file_lines("a.cpp:4");
  ASSERT_TRUE(line && line->lines);
  EXPECT_EQ(line->lines->first, 4);
  EXPECT_EQ(line->lines->last, 4);
}

TEST(FileLines, AreRefusedIfTheyAreNoRange) {
  for (const char* bad : {"a:0-1", "a:5-4", "a:-", "a:1-", "a:-2", "a:1-2-3", "a:0"})
    EXPECT_FALSE(parse_file_lines(bad)) << bad;
}

TEST(OffsetOf, CountsLinesAndBytesFromOne) {
  const std::string_view text = "ab\ncd\n";
  EXPECT_EQ(offset_of(text, {1, 1}), 0);
  EXPECT_EQ(offset_of(text, {1, 3}), 2);
  EXPECT_EQ(offset_of(text, {2, 2}), 4);
  EXPECT_EQ(offset_of(text, {3, 1}), 6);
}

TEST(OffsetOf, DoesNotCountACarriageReturnToTheLine) {
  EXPECT_EQ(offset_of("ab\r\ncd", {1, 3}), 2);
  EXPECT_FALSE(offset_of("ab\r\ncd", {1, 4}));
}

TEST(OffsetOf, RefusesPlacesOutsideTheText) {
  EXPECT_FALSE(offset_of("ab\ncd", {3, 1}));
  EXPECT_FALSE(offset_of("ab\ncd", {1, 4}));
  EXPECT_FALSE(offset_of("", {2, 1}));
  EXPECT_EQ(offset_of("", {1, 1}), 0);
}

TEST(PositionOf, IsTheInverseOfOffsetOf) {
  const std::string_view text = "ab\n\ncd\n";
  for (size_t offset = 0; offset <= text.size(); ++offset)
    EXPECT_EQ(offset_of(text, position_of(text, offset)), offset);
}

TEST(BytesOf, AreWholeLines) {
  const std::string_view text = "ab\ncd\nef";
  const auto middle = bytes_of(text, {2, 2});
  ASSERT_TRUE(middle);
  EXPECT_EQ(text.substr(middle->begin, middle->end - middle->begin), "cd\n");
  const auto rest = bytes_of(text, {3, 99});
  ASSERT_TRUE(rest);
  EXPECT_EQ(text.substr(rest->begin, rest->end - rest->begin), "ef");
}

TEST(BytesOf, RefusesLinesBehindTheEnd) {
  EXPECT_FALSE(bytes_of("ab\ncd\n", {3, 3}));
  EXPECT_FALSE(bytes_of("", {1, 1}));
}

}  // namespace
}  // namespace fathom::cli
