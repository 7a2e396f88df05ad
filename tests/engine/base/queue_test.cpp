#include "engine/base/queue.h"

#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(Queue, GivesMessagesInTheirOrder) {
  Queue<int> queue;
  EXPECT_EQ(queue.try_pop(), std::nullopt);
  queue.push(1);
  queue.push(2);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.try_pop(), 2);
  EXPECT_EQ(queue.try_pop(), std::nullopt);
}

TEST(Queue, GivesWhatIsLeftAfterCloseAndThenNothing) {
  Queue<std::unique_ptr<int>> queue;
  queue.push(std::make_unique<int>(1));
  queue.close();
  EXPECT_TRUE(queue.closed());
  const auto refused = queue.push(std::make_unique<int>(2));
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(**refused, 2);
  EXPECT_EQ(**queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(Queue, LosesNothingBetweenManyThreads) {
  constexpr int kSenders = 3;
  constexpr int kMessages = 2000;
  Queue<int> queue;
  int64_t sums[2] = {0, 0};
  {
    std::vector<std::jthread> receivers;
    for (int64_t& sum : sums) {
      receivers.emplace_back([&queue, &sum] {
        while (const auto message = queue.pop()) sum += *message;
      });
    }
    std::vector<std::jthread> senders;
    for (int sender = 0; sender < kSenders; ++sender) {
      senders.emplace_back([&queue] {
        for (int i = 1; i <= kMessages; ++i) queue.push(i);
      });
    }
    for (std::jthread& sender : senders) sender.join();
    queue.close();
  }
  EXPECT_EQ(sums[0] + sums[1], int64_t{kSenders} * kMessages * (kMessages + 1) / 2);
}

}  // namespace
}  // namespace fathom
