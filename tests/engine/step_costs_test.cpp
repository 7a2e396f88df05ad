// What a step of so many rows costs, from the steps that were seen.

#include "engine/step_costs.h"

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

TEST(StepCosts, KnowsNothingBeforeTheFirstStepOfFewRows) {
  StepCosts costs;
  EXPECT_EQ(costs.seconds(1), 0);
  costs.note(128, 1.0);
  EXPECT_EQ(costs.seconds(4), 0);
  costs.note(1, 1.0);
  EXPECT_DOUBLE_EQ(costs.seconds(1), 1.0);
}

TEST(StepCosts, AssumesThatRowsCostMoreThanAmongMany) {
  StepCosts costs;
  costs.note(1, 1.0);
  EXPECT_GT(costs.seconds(2), 1.1);  // nothing is known of rows
  costs.note(100, 2.0);
  EXPECT_NEAR(costs.seconds(2), 1.03, 1e-9);
  EXPECT_NEAR(costs.seconds(16), 1.45, 1e-9);
}

TEST(StepCosts, ExpectsEachRowToReadItsOwnExperts) {
  StepCosts costs(0.5);
  costs.note(100, 2.0);
  costs.note(1, 1.0);
  EXPECT_DOUBLE_EQ(costs.seconds(2), 1.5);
  EXPECT_DOUBLE_EQ(costs.seconds(5), 3.0);
  for (int i = 0; i < 400; ++i) costs.note(1 + i % 8, 1.0 + 0.1 * (i % 8));
  EXPECT_NEAR(costs.seconds(5), 1.4, 0.02);  // they share them after all
}

TEST(StepCosts, LearnsTheLine) {
  StepCosts costs;
  costs.note(100, 2.0);
  for (int i = 0; i < 400; ++i) {
    const int n_rows = 1 + i % 8;
    costs.note(n_rows, 3.0 + 0.5 * n_rows);
  }
  for (const int n_rows : {1, 4, 8, 16}) {
    EXPECT_NEAR(costs.seconds(n_rows), 3.0 + 0.5 * n_rows, 0.1) << n_rows;
  }
}

TEST(StepCosts, FollowsTheMachine) {
  StepCosts costs;
  for (int i = 0; i < 100; ++i) costs.note(1, 1.0);
  costs.note(1, 100.0);  // something came between
  EXPECT_LT(costs.seconds(1), 1.1);
  for (int i = 0; i < 1000; ++i) costs.note(1, 2.0);
  EXPECT_NEAR(costs.seconds(1), 2.0, 0.05);
}

TEST(StepCosts, GoesBackToItsAssumptionWhenNothingIsSeen) {
  StepCosts costs;
  costs.note(100, 10.0);
  for (int i = 0; i < 100; ++i) costs.note(1 + i % 4, 1.0 + 10 * (i % 4));
  EXPECT_GT(costs.seconds(4), 20.0);
  for (int i = 0; i < 3000; ++i) costs.note(1, 1.0);
  EXPECT_NEAR(costs.seconds(4), 1.0 + 3 * 0.15, 0.05);
}

}  // namespace
}  // namespace fathom::engine
