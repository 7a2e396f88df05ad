#include "engine/stop_strings.h"

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

/// Of the pieces of a text: the index of the one with which it contains a string, or -1.
int check(std::vector<std::string> strings, const std::vector<std::string>& pieces) {
  StopStrings stops(std::move(strings), 16);
  for (size_t i = 0; i < pieces.size(); ++i)
    if (stops.feed(pieces[i])) return static_cast<int>(i);
  return -1;
}

TEST(StopStrings, AreFoundWhereverTheTextIsCut) {
  EXPECT_EQ(check({"END"}, {"the END."}), 0);
  EXPECT_EQ(check({"END"}, {"the E", "N", "D"}), 2);
  EXPECT_EQ(check({"END"}, {"the E", "n", "D"}), -1);
  EXPECT_EQ(check({"longer one", "ab"}, {"xa", "b"}), 1);
}

TEST(StopStrings, ThatAreEmptyStopNothing) {
  EXPECT_EQ(check({""}, {"a", ""}), -1);
  EXPECT_EQ(check({}, {"a"}), -1);
}

}  // namespace
}  // namespace fathom::engine
