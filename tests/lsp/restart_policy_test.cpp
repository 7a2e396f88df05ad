#include "lsp/restart_policy.h"

#include <vector>

#include <gtest/gtest.h>

namespace fathom::lsp {
namespace {

using namespace std::chrono_literals;

constexpr RestartPolicy::Clock::time_point kStart{1000s};

TEST(RestartPolicy, WaitsLongerAfterEachFailureUpToALimit) {
  RestartPolicy policy(1);
  std::chrono::milliseconds limit = RestartPolicy::kFirstDelay;
  for (int i = 1; i < RestartPolicy::kMaxFailures; ++i) {
    const auto delay = policy.failed(kStart);
    ASSERT_TRUE(delay) << i;
    EXPECT_GE(*delay, limit / 2) << i;
    EXPECT_LE(*delay, limit) << i;
    limit = std::min(limit * 2, RestartPolicy::kLongestDelay);
  }
}

TEST(RestartPolicy, GivesUpAfterTooManyFailuresWithinTheWindow) {
  RestartPolicy policy(1);
  for (int i = 1; i < RestartPolicy::kMaxFailures; ++i) ASSERT_TRUE(policy.failed(kStart + i * 1s));
  EXPECT_FALSE(policy.failed(kStart + 59s));
}

TEST(RestartPolicy, ForgetsFailuresThatAreLongAgo) {
  RestartPolicy policy(1);
  for (int i = 0; i < 5 * RestartPolicy::kMaxFailures; ++i)
    EXPECT_TRUE(policy.failed(kStart + i * 10s)) << i;
}

TEST(RestartPolicy, BeginsAnewAfterAServerThatWorked) {
  RestartPolicy policy(1);
  for (int i = 1; i < RestartPolicy::kMaxFailures; ++i) ASSERT_TRUE(policy.failed(kStart));
  policy.worked();
  const auto delay = policy.failed(kStart);
  ASSERT_TRUE(delay);
  EXPECT_LE(*delay, RestartPolicy::kFirstDelay);
}

TEST(RestartPolicy, DiffersBetweenProcesses) {
  const auto delays = [](uint64_t seed) {
    RestartPolicy policy(seed);
    std::vector<int64_t> found;
    while (const auto delay = policy.failed(kStart)) found.push_back(delay->count());
    return found;
  };
  EXPECT_EQ(delays(1), delays(1));
  EXPECT_NE(delays(1), delays(2));
}

}  // namespace
}  // namespace fathom::lsp
