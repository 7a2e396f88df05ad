#include "engine/find_top.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Deterministic, with equal ones among them.
std::vector<float> some_logits(size_t n) {
  std::vector<float> logits(n);
  for (size_t id = 0; id < n; ++id)
    logits[id] = std::round(std::sin(static_cast<float>(id * id)) * 50.0f) / 5.0f;
  return logits;
}

TEST(FindTop, GivesTheLargestInOrderAndTheLowerIdOfEqualsFirst) {
  for (const size_t n : {1, 5, 31, 32, 33, 48, 100, 1000, 4099}) {
    const std::vector<float> logits = some_logits(n);
    std::vector<int32_t> ids(n);
    std::iota(ids.begin(), ids.end(), 0);
    std::ranges::stable_sort(ids, [&](int a, int b) { return logits[a] > logits[b]; });
    TopLogits top;
    find_top(top, logits);
    ASSERT_EQ(top.n, static_cast<int>(std::min<size_t>(n, TopLogits::kMost)));
    for (int i = 0; i < top.n; ++i) {
      EXPECT_EQ(top.likeliest[i].id, ids[i]) << i << " of " << n;
      EXPECT_EQ(top.likeliest[i].logit, logits[ids[i]]);
    }
  }
}

TEST(FindTop, SumsRelativeToTheLargest) {
  const std::vector<float> logits = {1.0f, 3.0f, -kInfinity, 2.0f};
  TopLogits top = {.temperature = 2.0f};
  find_top(top, logits);
  EXPECT_NEAR(top.sum, 1 + std::exp(-1.0) + std::exp(-2.0), 1e-6);
  EXPECT_NEAR(top.tempered_sum, 1 + std::exp(-0.5) + std::exp(-1.0), 1e-6);
  top = {};
  find_top(top, logits);
  EXPECT_EQ(top.tempered_sum, 0.0f);
}

TEST(FindTop, HasNoFiniteSumOfWhatAreNoNumbers) {
  for (const float bad : {std::nanf(""), kInfinity})
    for (const size_t place : {0, 40, 99}) {
      std::vector<float> logits = some_logits(100);
      logits[place] = bad;
      TopLogits top;
      find_top(top, logits);
      EXPECT_FALSE(std::isfinite(top.sum)) << bad << " at " << place;
    }
}

}  // namespace
}  // namespace fathom::engine
