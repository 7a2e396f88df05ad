#include "engine/parallel/barrier.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

TEST(Barrier, NobodyPassesBeforeAllHaveArrived) {
  constexpr int kThreads = 5, kRounds = 300;
  Barrier barrier(kThreads);
  std::atomic<int> n_arrivals = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      for (int round = 1; round <= kRounds; ++round) {
        ++n_arrivals;
        EXPECT_TRUE(barrier.arrive_and_wait());
        EXPECT_GE(n_arrivals, round * kThreads);
      }
    });
}

TEST(Barrier, LetsOneThreadPass) {
  Barrier barrier(1);
  EXPECT_TRUE(barrier.arrive_and_wait());
  EXPECT_TRUE(barrier.arrive_and_wait());
}

TEST(Barrier, WakesThoseWhoWaitWhenItBreaksAndHoldsNobodyAfterwards) {
  Barrier barrier(3);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] { EXPECT_FALSE(barrier.arrive_and_wait()); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // both asleep
  barrier.break_up();
  threads.clear();
  EXPECT_FALSE(barrier.arrive_and_wait());
}

}  // namespace
}  // namespace fathom::engine
