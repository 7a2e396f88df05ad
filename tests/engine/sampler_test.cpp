#include "engine/sampler.h"

#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// How often each token comes up in 10,000 positions.
std::map<TokenId, int> histogram(const SamplingParams& params, const std::vector<float>& logits) {
  Sampler sampler(params, static_cast<int>(logits.size()));
  std::map<TokenId, int> counts;
  for (int position = 0; position < 10000; ++position) {
    ++counts[sampler.sample(logits, position)->id];
  }
  return counts;
}

TEST(Sampler, TakesTheLikeliestAndTheLowerOfEquals) {
  Sampler sampler({}, 4);
  EXPECT_EQ(sampler.sample(std::vector<float>{1, 3, 2, 3}, 0)->id, 1);
}

TEST(Sampler, ReportsTheLogProbabilityOfTheSoftmax) {
  Sampler sampler({}, 3);
  const auto sampled = sampler.sample(std::vector<float>{0.0f, std::log(2.0f), 0.0f}, 0);
  EXPECT_NEAR(sampled->logprob, std::log(0.5f), 1e-6);
}

TEST(Sampler, GivesNothingForNumbersThatAreNone) {
  Sampler sampler({}, 2);
  EXPECT_FALSE(sampler.sample(std::vector<float>{-kInfinity, -kInfinity}, 0));
  EXPECT_FALSE(sampler.sample(std::vector<float>{1.0f, std::nanf("")}, 0));
  EXPECT_FALSE(sampler.sample(std::vector<float>{1.0f, kInfinity}, 0));
}

TEST(Sampler, DrawsInProportionToTheProbabilities) {
  const auto counts =
      histogram({.temperature = 1.0f}, {std::log(6.0f), std::log(3.0f), std::log(1.0f)});
  // Three standard deviations of a binomial of 10,000: at most 150.
  EXPECT_NEAR(counts.at(0), 6000, 150);
  EXPECT_NEAR(counts.at(1), 3000, 150);
  EXPECT_NEAR(counts.at(2), 1000, 150);
}

TEST(Sampler, TopPKeepsTheSmallestSetThatReachesTheSum) {
  const auto counts = histogram({.temperature = 1.0f, .top_p = 0.85f},
                                {std::log(1.0f), std::log(6.0f), std::log(3.0f)});
  EXPECT_EQ(counts.count(0), 0u);
  EXPECT_GT(counts.at(1), counts.at(2));
}

TEST(Sampler, MinPDropsWhatIsFarBelowTheBest) {
  const auto counts = histogram({.temperature = 1.0f, .min_p = 0.4f},
                                {std::log(6.0f), std::log(3.0f), std::log(1.0f)});
  EXPECT_EQ(counts.count(2), 0u);
}

TEST(Sampler, NeverDrawsAForbiddenToken) {
  EXPECT_EQ(histogram({.temperature = 5.0f}, {0.0f, -kInfinity, 0.0f}).count(1), 0u);
}

TEST(Sampler, DependsOnSeedAndPositionOnly) {
  const std::vector<float> logits(50, 1.0f);
  Sampler a({.temperature = 1.0f, .seed = 7}, 50);
  Sampler b({.temperature = 1.0f, .seed = 7}, 50);
  Sampler c({.temperature = 1.0f, .seed = 8}, 50);
  int differences = 0;
  b.sample(logits, 99);
  for (int position = 0; position < 20; ++position) {
    const TokenId id = a.sample(logits, position)->id;
    EXPECT_EQ(id, b.sample(logits, position)->id);
    differences += id != c.sample(logits, position)->id;
  }
  EXPECT_GT(differences, 10);
}

}  // namespace
}  // namespace fathom::engine
