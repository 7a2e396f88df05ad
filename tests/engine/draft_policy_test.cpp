// How many guesses are worth computing, on machines of every kind.

#include "engine/draft_policy.h"

#include <vector>

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

/// A machine where a step takes `fixed + per_row * rows` seconds.
DraftPolicy policy_of(double fixed, double per_row) {
  DraftPolicy policy;
  for (const int n_rows : {1, 2, 3, 4, 6, 8, 12, 16}) {
    policy.note_step(n_rows, fixed + per_row * n_rows);
  }
  return policy;
}

std::vector<double> all(int n, double odds) { return std::vector<double>(n, odds); }

TEST(DraftPolicy, DraftsNothingBeforeItKnowsWhatAStepCosts) {
  EXPECT_EQ(DraftPolicy().choose({}, all(8, 0.99)), 0);
}

TEST(DraftPolicy, DraftsAllThatIsSureWhereRowsAreCheap) {
  EXPECT_EQ(policy_of(1.0, 0.01).choose({}, all(DraftPolicy::kMaxDraft, 0.98)),
            DraftPolicy::kMaxDraft);
}

TEST(DraftPolicy, DraftsNothingWhereRowsCostAsMuchAsSteps) {
  EXPECT_EQ(policy_of(0.0, 1.0).choose({}, all(8, 0.99)), 0);
}

TEST(DraftPolicy, BeginsCarefullyWhereEachRowReadsItsOwnExperts) {
  const std::vector<double> likely = all(8, 0.7);
  const auto first_choice = [&](double row_share) {
    DraftPolicy policy(row_share);
    policy.note_step(128, 2.0);
    policy.note_step(1, 1.0);
    return policy.choose({}, likely);
  };
  EXPECT_EQ(first_choice(0), 7);
  EXPECT_EQ(first_choice(0.45), 1);
  EXPECT_EQ(first_choice(0.6), 0);
}

TEST(DraftPolicy, DraftsLessWhatIsLessSure) {
  const DraftPolicy policy = policy_of(1.0, 0.1);
  const int sure = policy.choose({}, all(15, 0.95));
  const int likely = policy.choose({}, all(15, 0.7));
  EXPECT_GT(sure, likely);
  EXPECT_GT(likely, 0);
  EXPECT_EQ(policy.choose({}, all(15, 0.05)), 0);
}

TEST(DraftPolicy, LeavesRoomInTheStepForOthers) {
  const DraftPolicy policy = policy_of(1.0, 0.001);
  EXPECT_EQ(policy.choose({.n_rows = 12, .n_tokens = 12}, all(15, 0.99)), 3);
  EXPECT_EQ(policy.choose({.n_rows = 15, .n_tokens = 15}, all(15, 0.99)), 0);
}

TEST(DraftPolicy, LearnsWhatAMatchIsWorth) {
  DraftPolicy policy;
  const double before = policy.odds_of_match(3);
  for (int i = 0; i < 100; ++i) policy.note_match(3, false);
  EXPECT_LT(policy.odds_of_match(3), 0.01);
  for (int i = 0; i < 100; ++i) policy.note_match(3, true);
  EXPECT_GT(policy.odds_of_match(3), 0.98);
  EXPECT_GT(before, 0.01);
  EXPECT_EQ(policy.odds_of_match(1000), policy.odds_of_match(kMaxMatch));
}

TEST(DraftPolicy, CountsWhatAJobAddsToAStep) {
  const std::vector<double> odds = {0.5, 0.5};
  const DraftPolicy::Step step = DraftPolicy::with_job({.n_rows = 2, .n_tokens = 2}, odds);
  EXPECT_EQ(step.n_rows, 5);
  EXPECT_DOUBLE_EQ(step.n_tokens, 2 + 1 + 0.5 + 0.25);
}

}  // namespace
}  // namespace fathom::engine
