// What the GPU backend says of rows of logits, against the host.

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tests/cuda/on_device.h"

namespace fathom::engine::test {
namespace {

class OfLogits : public OnDevice {
 protected:
  static std::vector<TopLogits> top_of(Backend& backend, int rows, int cols,
                                       const std::vector<float>& logits,
                                       std::span<const float> temperatures) {
    const DeviceTensor x(backend, rows, cols, logits);
    std::vector<TopLogits> tops;
    for (int row = 0; row < rows; ++row) tops.push_back({.temperature = temperatures[row]});
    EXPECT_TRUE(backend.top_logits(tops, x));
    return tops;
  }
};

void expect_same(const TopLogits& a, const TopLogits& b, const std::string& what) {
  ASSERT_EQ(a.n, b.n) << what;
  EXPECT_EQ(a.temperature, b.temperature) << what;
  for (int i = 0; i < a.n; ++i) {
    EXPECT_EQ(a.likeliest[i].id, b.likeliest[i].id) << what << ", " << i;
    EXPECT_EQ(a.likeliest[i].logit, b.likeliest[i].logit) << what << ", " << i;
  }
  EXPECT_NEAR(a.sum, b.sum, 2e-6 * b.sum) << what;
  EXPECT_NEAR(a.tempered_sum, b.tempered_sum, 2e-6 * b.tempered_sum) << what;
}

constexpr float kTemperatures[] = {0.6f, 0.0f, 1.3f};

TEST_F(OfLogits, MatchesTheHost) {
  for (const auto& [rows, cols] : {std::pair{1, 5}, {3, 32}, {2, 33}, {3, 2048}, {2, 5000}}) {
    std::vector<float> logits = random_numbers(size_t(rows) * cols, 3);
    // Some are large, and many of them equal.
    for (size_t i = 0; i < logits.size(); i += 7) logits[i] = std::round(logits[i] * 4.0f) * 3.0f;
    logits[logits.size() / 2] = -std::numeric_limits<float>::infinity();
    const auto on_device = top_of(device(), rows, cols, logits, kTemperatures);
    const auto on_host = top_of(reference(), rows, cols, logits, kTemperatures);
    for (int row = 0; row < rows; ++row)
      expect_same(on_device[row], on_host[row], fmt::format("row {} of [{}, {}]", row, rows, cols));
  }
}

TEST_F(OfLogits, ARowHasTheSameBitsInAnyCompany) {
  constexpr int kRows = 3, kCols = 4100;
  const auto logits = random_numbers(size_t{kRows} * kCols, 4);
  const auto together = top_of(device(), kRows, kCols, logits, kTemperatures);
  for (int row = 0; row < kRows; ++row) {
    const std::vector<float> own(logits.begin() + row * kCols, logits.begin() + (row + 1) * kCols);
    const auto alone = top_of(device(), 1, kCols, own, std::span(kTemperatures).subspan(row));
    EXPECT_EQ(alone[0].sum, together[row].sum);
    EXPECT_EQ(alone[0].tempered_sum, together[row].tempered_sum);
  }
}

TEST_F(OfLogits, SeesNumbersThatAreNone) {
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()})
    for (const int place : {0, 2047, 2100}) {
      auto logits = random_numbers(2200, 5);
      logits[place] = bad;
      const auto tops = top_of(device(), 1, 2200, logits, kTemperatures);
      EXPECT_FALSE(std::isfinite(tops[0].sum)) << bad << " at " << place;
    }
}

TEST_F(OfLogits, ASliceOfForbiddenTokensAddsNothing) {
  std::vector<float> logits(4096, -std::numeric_limits<float>::infinity());
  logits[7] = 2.0f;
  const auto tops = top_of(device(), 1, 4096, logits, kTemperatures);
  EXPECT_EQ(tops[0].likeliest[0].id, 7);
  EXPECT_EQ(tops[0].sum, 1.0f);
}

}  // namespace
}  // namespace fathom::engine::test
