// How a text goes on, going by what was written before.

#include "engine/look_up.h"

#include <array>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/recent_tokens.h"

namespace fathom::engine {
namespace {

using ::testing::ElementsAre;
using Tokens = std::vector<TokenId>;

struct Answer {
  int match;
  Tokens tokens;
};

Answer ask(const Tokens& text, const Tokens& other = {}, size_t n = 4) {
  Tokens buffer(n, -7);
  const Guess guess = look_up(text, other, buffer);
  buffer.resize(guess.n_tokens);
  return {guess.match, buffer};
}

TEST(LookUp, GoesOnAsTheLongestMatchDid) {
  const Answer answer = ask({1, 2, 3, 40, 9, 2, 3, 50, 60, 8, 1, 2, 3});
  EXPECT_EQ(answer.match, 3);
  EXPECT_THAT(answer.tokens, ElementsAre(40, 9, 2, 3));
}

TEST(LookUp, TakesTheLatestOfMatchesAsLong) {
  EXPECT_THAT(ask({5, 10, 5, 20, 7, 5}).tokens, ElementsAre(20, 7, 5, 20));
}

TEST(LookUp, RepeatsWhatRunsIntoTheEnd) {
  const Answer answer = ask({1, 2, 1, 2, 1, 2}, {}, 5);
  EXPECT_EQ(answer.match, 4);
  EXPECT_THAT(answer.tokens, ElementsAre(1, 2, 1, 2, 1));
}

TEST(LookUp, SaysNothingWithoutAMatch) {
  EXPECT_EQ(ask({1, 2, 3}).match, 0);
  EXPECT_EQ(ask({1}).match, 0);
  EXPECT_EQ(ask({}).match, 0);
  EXPECT_EQ(ask({1, 1}, {}, 0).match, 0);
}

TEST(LookUp, PrefersALongerMatchElsewhere) {
  const Answer answer = ask({3, 30, 1, 2, 3}, {9, 1, 2, 3, 77, 78, -1, 4});
  EXPECT_EQ(answer.match, 3);
  EXPECT_THAT(answer.tokens, ElementsAre(77, 78));
}

TEST(LookUp, PrefersItsOwnTextToAMatchAsLongElsewhere) {
  EXPECT_THAT(ask({3, 30, 1, 3}, {3, 77}, 1).tokens, ElementsAre(30));
}

TEST(LookUp, DoesNotMatchAcrossSeparators) {
  EXPECT_EQ(ask({1, 2, 3}, {1, 2, -1, 3, 50}).match, 1);
  EXPECT_EQ(ask({1, 2, 3}, {1, 2, 3, -1, 50}).match, 0);  // nothing followed
}

TEST(LookUp, FindsWhatASlowSearchFinds) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    Tokens text(1 + random() % 200);
    for (TokenId& token : text) token = random() % 4;
    const int n = static_cast<int>(text.size());
    int longest = 0;
    int best_end = 0;
    for (int end = n - 1; end > 0; --end) {
      int length = 0;
      while (length < std::min(end, kMaxMatch) && text[end - 1 - length] == text[n - 1 - length])
        ++length;
      if (length > longest) longest = length, best_end = end;
    }
    const Answer answer = ask(text, {}, 1);
    ASSERT_EQ(answer.match, longest);
    if (longest > 0) {
      ASSERT_EQ(answer.tokens[0], text[best_end]);
    }
  }
}

TEST(RecentTokens, KeepsTheLatestTexts) {
  RecentTokens recent(8);
  recent.add(Tokens{1, 2, 3});
  recent.add(Tokens{4, 5});
  EXPECT_THAT(recent.tokens(), ElementsAre(1, 2, 3, -1, 4, 5, -1));
  for (TokenId i = 10; i < 40; ++i) {
    recent.add(Tokens{i, i});
    const auto tokens = recent.tokens();
    ASSERT_GE(tokens.size(), 8u - 3u);
    ASSERT_LE(tokens.size(), 16u);
    ASSERT_EQ(tokens[tokens.size() - 2], i);
  }
  recent.add(Tokens(100, 5));
  EXPECT_LE(recent.tokens().size(), 16u);
}

}  // namespace
}  // namespace fathom::engine
