#include "completion/worker.h"

#include <future>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

TEST(Worker, WithoutAThreadRunsBeforePostReturns) {
  Worker worker(false);
  bool ran = false;
  worker.post([&] { ran = std::this_thread::get_id() != std::thread::id(); });
  EXPECT_TRUE(ran);
}

TEST(Worker, WithoutAThreadRunsWorkPostedByWorkAfterIt) {
  Worker worker(false);
  std::vector<int> order;
  worker.post([&] {
    worker.post([&] { order.push_back(2); });
    order.push_back(1);
  });
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(Worker, WithAThreadRunsElsewhereInOrder) {
  std::vector<int> order;
  std::promise<std::thread::id> ran_on;
  {
    Worker worker(true);
    for (int i = 0; i < 100; ++i) worker.post([&order, i] { order.push_back(i); });
    worker.post([&] { ran_on.set_value(std::this_thread::get_id()); });
  }
  EXPECT_NE(ran_on.get_future().get(), std::this_thread::get_id());
  ASSERT_EQ(order.size(), 100u);
  EXPECT_EQ(order[99], 99);
}

}  // namespace
}  // namespace fathom::completion
