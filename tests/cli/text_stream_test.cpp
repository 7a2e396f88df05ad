#include "editors/cli/text_stream.h"

#include <gtest/gtest.h>

namespace fathom::cli {
namespace {

/// What is shown after each piece and after the end, parted by '|'.
std::string shown(std::vector<std::string> stops, const std::vector<std::string>& pieces) {
  TextStream stream(std::move(stops));
  std::string result;
  for (const std::string& piece : pieces) result += std::string(stream.push(piece)) + "|";
  return result + std::string(stream.finish());
}

TEST(TextStream, ShowsTextAtOnce) { EXPECT_EQ(shown({}, {"ab", "c"}), "ab|c|"); }

TEST(TextStream, HoldsBackHalfACharacter) {
  EXPECT_EQ(shown({}, {"a\xe6\xbc", "\xa2", "b"}), "a|\xe6\xbc\xa2|b|");
  EXPECT_EQ(shown({}, {"\xe6\xbc"}), "|\xe6\xbc");
}

TEST(TextStream, EndsBeforeAStopString) {
  EXPECT_EQ(shown({"\n\n"}, {"a\n", "\nb", "c"}), "a|||");
  EXPECT_EQ(shown({"stop"}, {"no stop here"}), "no |");
}

TEST(TextStream, HoldsBackWhatMayBecomeAStopString) {
  EXPECT_EQ(shown({"abc"}, {"xa", "b", "d"}), "x||abd|");
  EXPECT_EQ(shown({"abc"}, {"xab"}), "x|ab");
}

TEST(TextStream, TakesTheFirstOfSeveralStopStrings) { EXPECT_EQ(shown({"c", "b"}, {"abc"}), "a|"); }

TEST(TextStream, IgnoresEmptyStopStrings) { EXPECT_EQ(shown({""}, {"ab"}), "ab|"); }

}  // namespace
}  // namespace fathom::cli
