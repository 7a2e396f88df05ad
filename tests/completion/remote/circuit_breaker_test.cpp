#include "completion/remote/circuit_breaker.h"

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

using namespace std::chrono_literals;
using State = CircuitBreaker::State;

class Breaker : public testing::Test {
 protected:
  void fail(int n) {
    for (int i = 0; i < n; ++i) breaker_.failed(now_);
  }

  CircuitBreaker breaker_;
  CircuitBreaker::Clock::time_point now_{};
};

TEST_F(Breaker, StaysClosedWhileSomethingSucceedsNowAndThen) {
  for (int i = 0; i < 5; ++i) {
    fail(2);
    breaker_.succeeded();
  }
  EXPECT_EQ(breaker_.state(), State::closed);
  EXPECT_TRUE(breaker_.allow(now_));
}

TEST_F(Breaker, OpensAfterFailuresInARowAndLetsOneThroughLater) {
  fail(3);
  EXPECT_EQ(breaker_.state(), State::open);
  EXPECT_FALSE(breaker_.allow(now_));
  now_ = breaker_.retry_at();
  EXPECT_TRUE(breaker_.allow(now_));
  EXPECT_EQ(breaker_.state(), State::half_open);
  EXPECT_FALSE(breaker_.allow(now_)) << "one is enough to find out";
  breaker_.succeeded();
  EXPECT_EQ(breaker_.state(), State::closed);
}

TEST_F(Breaker, WaitsLongerEachTimeButNotForEver) {
  fail(3);
  auto pause = breaker_.retry_at() - now_;
  for (int i = 0; i < 20; ++i) {
    now_ = breaker_.retry_at();
    ASSERT_TRUE(breaker_.allow(now_));
    fail(1);
    const auto next = breaker_.retry_at() - now_;
    EXPECT_GE(next, pause);
    EXPECT_LE(next, 60s);
    pause = next;
  }
  EXPECT_EQ(pause, 60s);
}

TEST_F(Breaker, TriesAgainAtOnceWhereTheOneThatFindsOutIsGivenUp) {
  fail(3);
  now_ = breaker_.retry_at();
  ASSERT_TRUE(breaker_.allow(now_));
  breaker_.abandoned();
  EXPECT_EQ(breaker_.state(), State::open);
  EXPECT_TRUE(breaker_.allow(now_));
}

}  // namespace
}  // namespace fathom::completion
