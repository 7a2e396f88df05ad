#include "engine/timing_backend.h"

#include <array>

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

class TimingBackendTest : public testing::Test {
 protected:
  Weight& weight(int rows, int cols) {
    numbers_.emplace_back(size_t(rows) * size_t(cols), 0.5f);
    weights_.push_back(*timing_.upload({.name = "w",
                                        .dtype = DType::f32,
                                        .rows = rows,
                                        .cols = cols,
                                        .bytes = std::as_bytes(std::span(numbers_.back()))}));
    return *weights_.back();
  }

  std::unique_ptr<Backend> inner_ = *make_backend("reference", {});
  TimingBackend timing_{*inner_};
  std::vector<std::vector<float>> numbers_;
  std::vector<std::unique_ptr<Weight>> weights_;
};

TEST_F(TimingBackendTest, ComputesWhatTheOtherBackendComputes) {
  const Weight& w = weight(2, 3);
  std::array<float, 3> x = {1, 2, 3};
  std::array<float, 2> y = {};
  timing_.matmul({y.data(), 1, 2, 2}, {x.data(), 1, 3, 3}, w);
  EXPECT_FLOAT_EQ(y[0], 3.0f);
  EXPECT_FLOAT_EQ(y[1], 3.0f);
  EXPECT_EQ(timing_.name(), inner_->name());
}

TEST_F(TimingBackendTest, AddsUpCallsTimeAndWorkOfEachOperation) {
  const Weight& w = weight(2, 3);
  std::array<float, 3> x = {1, 2, 3};
  std::array<float, 2> y = {};
  for (int i = 0; i < 5; ++i) timing_.matmul({y.data(), 1, 2, 2}, {x.data(), 1, 3, 3}, w);
  timing_.add({y.data(), 1, 2, 2}, {y.data(), 1, 2, 2}, {y.data(), 1, 2, 2});

  const std::vector<OpTime> times = timing_.times();
  ASSERT_EQ(times.size(), 2);
  EXPECT_GE(times[0].seconds, times[1].seconds);
  const OpTime& matmul = times[0].op == "matmul" ? times[0] : times[1];
  EXPECT_EQ(matmul.op, "matmul");
  EXPECT_EQ(matmul.calls, 5);
  EXPECT_GT(matmul.seconds, 0);
  EXPECT_EQ(matmul.weight_bytes, 5 * w.size_bytes());
  EXPECT_EQ(matmul.products, 5 * 2 * 3);
}

TEST_F(TimingBackendTest, PassesOnWhatIsWrittenAndReplaced) {
  std::array<float, 3> x = {};
  timing_.write({x.data(), 1, 3, 3}, std::array<float, 3>{1, 2, 3});
  Weight& w = weight(1, 3);
  ASSERT_TRUE(timing_.can_replace(w));
  const std::array<float, 3> numbers = {4, 5, 6};
  timing_.replace(w, 0, {.name = "w", .cols = 3, .bytes = std::as_bytes(std::span(numbers))});
  float y = 0;
  timing_.matmul({&y, 1, 1, 1}, {x.data(), 1, 3, 3}, w);
  EXPECT_FLOAT_EQ(y, 4 + 10 + 18);
}

TEST_F(TimingBackendTest, ForgetsOnReset) {
  std::array<float, 2> y = {};
  timing_.add({y.data(), 1, 2, 2}, {y.data(), 1, 2, 2}, {y.data(), 1, 2, 2});
  timing_.reset();
  EXPECT_TRUE(timing_.times().empty());
}

}  // namespace
}  // namespace fathom::engine
