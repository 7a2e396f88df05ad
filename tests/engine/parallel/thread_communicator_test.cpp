#include "engine/parallel/thread_communicator.h"

#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

/// Calls `body(rank)` on all ranks at once.
void on_all(int n_ranks, const std::function<void(int)>& body) {
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < n_ranks; ++rank) threads.emplace_back([&body, rank] { body(rank); });
}

TEST(ThreadCommunicator, KnowsItsRank) {
  const auto ranks = make_thread_communicators(3);
  ASSERT_EQ(ranks.size(), 3u);
  EXPECT_EQ(ranks[2]->rank(), 2);
  EXPECT_EQ(ranks[2]->size(), 3);
}

TEST(ThreadCommunicator, AddsUpInTheOrderOfTheRanks) {
  const auto ranks = make_thread_communicators(3);
  constexpr float kLarge = 1 << 24;  // and one more is the same number
  std::vector<std::vector<float>> x = {{kLarge, 1}, {1, kLarge}, {-kLarge, -kLarge}};
  on_all(3, [&](int rank) { ranks[rank]->all_reduce_sum({x[rank].data(), 1, 2, 2}); });
  EXPECT_THAT(x, Each(ElementsAre(0, 0)));
  x = {{-kLarge, 2}, {kLarge, 3}, {1, 4}};
  on_all(3, [&](int rank) { ranks[rank]->all_reduce_sum({x[rank].data(), 1, 2, 2}); });
  EXPECT_THAT(x, Each(ElementsAre(1, 9)));
}

TEST(ThreadCommunicator, LeavesTheGapsBetweenRowsAlone) {
  const auto ranks = make_thread_communicators(2);
  std::vector<std::vector<float>> x(2, {1, 2, 3, -1, 4, 5, 6, -1});
  on_all(2, [&](int rank) { ranks[rank]->all_reduce_sum({x[rank].data(), 2, 3, 4}); });
  EXPECT_THAT(x, Each(ElementsAre(2, 4, 6, -1, 8, 10, 12, -1)));
}

TEST(ThreadCommunicator, AddsUpManyTimesOnMoreRanksThanColumns) {
  constexpr int kRanks = 8;
  const auto ranks = make_thread_communicators(kRanks);
  on_all(kRanks, [&](int rank) {
    std::vector<float> x(3);
    for (int i = 0; i < 200; ++i) {
      x.assign(3, static_cast<float>(i + rank));
      ranks[rank]->all_reduce_sum({x.data(), 1, 3, 3});
      EXPECT_THAT(x, Each(static_cast<float>(kRanks * i + 28)));
    }
  });
}

TEST(ThreadCommunicator, OneRankIsTheSum) {
  std::vector<float> x = {1, 2};
  make_thread_communicators(1)[0]->all_reduce_sum({x.data(), 1, 2, 2});
  EXPECT_THAT(x, ElementsAre(1, 2));
}

TEST(ThreadCommunicator, NobodyWaitsForARankThatAborted) {
  const auto ranks = make_thread_communicators(3);
  on_all(3, [&](int rank) {
    std::vector<float> x = {1};
    if (rank == 1) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the others are asleep
      ranks[rank]->abort({ErrorCode::device_lost, "first"});
      ranks[rank]->abort({ErrorCode::io, "second"});
    } else {
      ranks[rank]->all_reduce_sum({x.data(), 1, 1, 1});
    }
    ASSERT_FALSE(ranks[rank]->status());
    EXPECT_EQ(ranks[rank]->status().error().message, "first");
    ranks[rank]->all_reduce_sum({x.data(), 1, 1, 1});  // returns
  });
}

}  // namespace
}  // namespace fathom::engine
