#include "lsp/position.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fathom::lsp {
namespace {

// a, a-umlaut (2 bytes, 1 unit), euro (3 bytes, 1 unit), a face (4 bytes, 2 UTF-16 units), z
const std::string kLine = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z";

struct Case {
  size_t units;
  size_t offset;
};

void check(PositionEncoding encoding, const std::vector<Case>& cases) {
  for (const auto& [units, offset] : cases)
    EXPECT_EQ(offset_of_units(kLine, units, encoding), offset)
        << name_of(encoding) << " unit " << units;
}

TEST(Position, CountsUtf16UnitsAndRoundsDownInsideAPair) {
  check(PositionEncoding::utf16, {{0, 0}, {1, 1}, {2, 3}, {3, 6}, {4, 6}, {5, 10}, {6, 11}});
}

TEST(Position, CountsUtf32Characters) {
  check(PositionEncoding::utf32, {{0, 0}, {1, 1}, {2, 3}, {3, 6}, {4, 10}, {5, 11}});
}

TEST(Position, CountsUtf8BytesAndRoundsDownInsideACharacter) {
  check(PositionEncoding::utf8,
        {{0, 0}, {1, 1}, {2, 1}, {3, 3}, {4, 3}, {5, 3}, {6, 6}, {9, 6}, {10, 10}, {11, 11}});
}

TEST(Position, StopsAtTheEndOfTheLine) {
  for (const auto encoding :
       {PositionEncoding::utf8, PositionEncoding::utf16, PositionEncoding::utf32}) {
    EXPECT_EQ(offset_of_units(kLine, 1000, encoding), kLine.size());
    EXPECT_EQ(offset_of_units("", 5, encoding), 0u);
  }
}

TEST(Position, ConvertsBackWhatItConverted) {
  std::string line;
  for (int i = 0; i < 200; ++i) line += kLine;  // longer than the blocks it is read in
  for (const auto encoding :
       {PositionEncoding::utf8, PositionEncoding::utf16, PositionEncoding::utf32}) {
    for (size_t units = 0; units <= count_units(line, encoding); ++units) {
      const size_t offset = offset_of_units(line, units, encoding);
      const size_t back = count_units(std::string_view(line).substr(0, offset), encoding);
      const size_t rounded_away = units - back;  // inside a character
      ASSERT_LE(rounded_away, encoding == PositionEncoding::utf8 ? 3u : 1u) << units;
      ASSERT_EQ(offset_of_units(line, back, encoding), offset) << units;
    }
  }
}

TEST(Position, TakesBytesThatAreNotUtf8) {
  const std::string line = "\x80\xFF\xC3(";
  for (size_t units = 0; units < 6; ++units)
    EXPECT_LE(offset_of_units(line, units, PositionEncoding::utf16), line.size());
}

}  // namespace
}  // namespace fathom::lsp
