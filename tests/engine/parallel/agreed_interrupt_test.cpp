#include "engine/parallel/agreed_interrupt.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

/// Says yes from the `n_noes`-th question on.
class AfterSome final : public Interrupt {
 public:
  explicit AfterSome(int n_noes) : n_noes_(n_noes) {}
  bool requested() const override { return n_asked_++ >= n_noes_; }
  int n_asked() const { return n_asked_; }

 private:
  int n_noes_;
  mutable int n_asked_ = 0;
};

TEST(AgreedInterrupt, AnswersAQuestionOnceForAll) {
  const AfterSome interrupt(1);
  AgreedInterrupt agreed(interrupt);
  EXPECT_FALSE(agreed.requested_at(0));
  EXPECT_TRUE(agreed.requested_at(1));
  EXPECT_FALSE(agreed.requested_at(0)) << "a rank that is behind goes on to where the others stop";
  EXPECT_TRUE(agreed.requested_at(1));
  EXPECT_TRUE(agreed.requested_at(2));
  EXPECT_EQ(interrupt.n_asked(), 2);
}

/// Whoever asks changes the answer.
TEST(AgreedInterrupt, AllThreadsStopAtTheSamePlace) {
  for (int run = 0; run < 50; ++run) {
    const AfterSome interrupt(run);
    AgreedInterrupt agreed(interrupt);
    std::vector<int> stopped(4);
    {
      std::vector<std::jthread> threads;
      for (int& at : stopped)
        threads.emplace_back([&agreed, &at] {
          while (!agreed.requested_at(at)) ++at;
        });
    }
    EXPECT_EQ(stopped, std::vector<int>(4, run));
  }
}

}  // namespace
}  // namespace fathom::engine
