#include "engine/base/thread_pool.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace fathom {
namespace {

/// The ranges that a pool makes of [0, n), and which threads got them.
void check_covers(int n_threads, int64_t n, int64_t grain) {
  SCOPED_TRACE(testing::Message() << n_threads << " threads, n " << n << ", grain " << grain);
  ThreadPool pool(n_threads);
  std::vector<std::atomic<int>> visits(static_cast<size_t>(n));
  std::atomic<int> n_bad = 0;
  pool.parallel_for(n, grain, [&](int64_t begin, int64_t end, int thread) {
    const bool starts_well = begin % grain == 0 && (end % grain == 0 || end == n);
    if (!starts_well || begin >= end || thread < 0 || thread >= pool.size()) ++n_bad;
    for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
  });
  EXPECT_EQ(n_bad, 0);
  for (const std::atomic<int>& visit : visits) ASSERT_EQ(visit, 1);
}

TEST(ThreadPool, CoversEveryIndexOnceInMultiplesOfTheGrain) {
  for (const int n_threads : {1, 2, 3, 8}) {
    for (const int64_t n : {0, 1, 5, 64, 1000}) {
      for (const int64_t grain : {1, 4, 64}) check_covers(n_threads, n, grain);
    }
  }
}

TEST(ThreadPool, SharesTheSameWayEveryTime) {
  ThreadPool pool(3);
  const auto ranges = [&] {
    std::vector<int64_t> begins(3, -1);
    pool.parallel_for(100, 8, [&](int64_t begin, int64_t, int thread) { begins[thread] = begin; });
    return begins;
  };
  const std::vector<int64_t> first = ranges();
  for (int i = 0; i < 100; ++i) ASSERT_EQ(ranges(), first);
}

TEST(ThreadPool, WorksOnAfterItsThreadsFellAsleep) {
  ThreadPool pool(4);
  std::atomic<int64_t> sum = 0;
  for (int round = 0; round < 20; ++round) {
    pool.parallel_for(4, 1, [&](int64_t begin, int64_t end, int) { sum += end - begin; });
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // longer than workers spin
  }
  EXPECT_EQ(sum, 20 * 4);
}

TEST(ThreadPool, ResultsOfAllThreadsAreVisibleWhenTheCallReturns) {
  ThreadPool pool(2);
  std::vector<int> values(256, 0);  // deliberately not atomic
  for (int round = 1; round <= 500; ++round) {
    pool.parallel_for(256, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) values[static_cast<size_t>(i)] += 1;
    });
    ASSERT_EQ(values.front(), round);
    ASSERT_EQ(values.back(), round);
  }
}

TEST(ThreadPool, RunsEveryPartOnceWithMoreThreadsThanProcessors) {
  ThreadPool pool(16);
  std::vector<int> visits(16, 0);  // deliberately not atomic: a part is only ever in one place
  for (int round = 1; round <= 3000; ++round) {
    pool.parallel_for(16, 1, [&](int64_t begin, int64_t, int part) {
      ASSERT_EQ(begin, part);
      ++visits[static_cast<size_t>(part)];
    });
    for (const int n : visits) ASSERT_EQ(n, round);
  }
}

}  // namespace
}  // namespace fathom
