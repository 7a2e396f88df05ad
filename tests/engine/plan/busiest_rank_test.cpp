#include "engine/plan/busiest_rank.h"

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

void check(int n_experts, int n_active, int n_ranks, double expected) {
  EXPECT_NEAR(experts_on_busiest_rank(n_experts, n_active, n_ranks), expected, 1e-9)
      << n_active << " of " << n_experts << " on " << n_ranks;
}

TEST(BusiestRank, HasAllExpertsIfItIsTheOnlyOne) { check(64, 6, 1, 6); }

TEST(BusiestRank, HasOneExpertIfEachRankHasOne) {
  check(8, 3, 8, 1);
  check(8, 3, 16, 1);
}

// Of the 6 ways to choose 2 of 4, 2 take both of one rank.
TEST(BusiestRank, HasTheMeanOfAllChoices) { check(4, 2, 2, (2 * 2 + 4 * 1) / 6.0); }

TEST(BusiestRank, HasMoreThanItsShareOfV3sEight) {
  const double busiest = experts_on_busiest_rank(256, 8, 8);
  EXPECT_GT(busiest, 2);
  EXPECT_LT(busiest, 3);
}

TEST(BusiestRank, HasAFiniteShareOfVeryMany) { check(4096, 4096, 4, 1024); }

}  // namespace
}  // namespace fathom::engine
