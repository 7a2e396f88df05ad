#include "engine/split/expert_costs.h"

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

TEST(ExpertCosts, NothingPaysBeforeTheHostWasSeenAtWork) {
  const ExpertCosts costs;
  EXPECT_FALSE(costs.swap_pays(1000));
}

TEST(ExpertCosts, TheFirstSwapPaysBecauseItTellsWhatSwapsCost) {
  ExpertCosts costs;
  costs.note_uses(8, 0.008);
  EXPECT_TRUE(costs.swap_pays(1));
}

TEST(ExpertCosts, ASwapPaysIfTheUsesThatItSavesTakeLonger) {
  ExpertCosts costs;
  costs.note_uses(8, 0.008);
  costs.note_swap(0.1);
  EXPECT_DOUBLE_EQ(costs.swap_seconds(), 0.1);
  EXPECT_FALSE(costs.swap_pays(99));
  EXPECT_TRUE(costs.swap_pays(101));
}

TEST(ExpertCosts, FollowWhatTheMachineDoesLately) {
  ExpertCosts costs;
  costs.note_uses(1, 0.001);
  costs.note_swap(0.1);
  for (int i = 0; i < 100; ++i) {
    costs.note_uses(1, 0.002);
    costs.note_swap(0.02);
  }
  EXPECT_FALSE(costs.swap_pays(9));
  EXPECT_TRUE(costs.swap_pays(11));
}

}  // namespace
}  // namespace fathom::engine
