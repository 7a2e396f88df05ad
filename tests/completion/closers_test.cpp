#include "completion/closers.h"

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

TEST(UnmatchedClosers, AreThoseThatTheTextDoesNotOpen) {
  EXPECT_EQ(unmatched_closers("a, b(c)) }"), ")}");
  EXPECT_EQ(unmatched_closers("f(a)[0]"), "");
  EXPECT_EQ(n_open_brackets("f(a[{"), 3u);
  EXPECT_EQ(n_open_brackets("f(a) {}"), 0u);
}

TEST(Overlap, IsWhatWouldStandThereTwice) {
  EXPECT_EQ(overlap("a, b)", ")"), 1u);
  EXPECT_EQ(overlap("a, b);", ");"), 2u);
  EXPECT_EQ(overlap("hello\"", "\")"), 1u);
  EXPECT_EQ(overlap("x + offset;", " + offset;"), 10u);
  EXPECT_EQ(overlap("a, b) {", ") {"), 3u);
}

TEST(Overlap, IsNotABracketThatTheTextNeeds) {
  EXPECT_EQ(overlap("b(c)", ")"), 0u);
  EXPECT_EQ(overlap("(a) => { b }", "})"), 0u);
}

TEST(Overlap, IsNotChance) {
  EXPECT_EQ(overlap("data", "a + b"), 0u);
  EXPECT_EQ(overlap("x ", " y"), 0u);
  EXPECT_EQ(overlap("", ")"), 0u);
  EXPECT_EQ(overlap("a", ""), 0u);
}

TEST(RetypedClosers, AreThoseThatTheTextClosesInItsMiddle) {
  EXPECT_EQ(retyped_closers("a).b(c)", ");"), 1u);
  EXPECT_EQ(retyped_closers("a).b();", ");"), 2u);
  EXPECT_EQ(retyped_closers("a", ");"), 0u);
  EXPECT_EQ(retyped_closers("a]", ")"), 0u);
}

}  // namespace
}  // namespace fathom::completion
