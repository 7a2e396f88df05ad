#include "engine/sampler.h"

#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "engine/find_top.h"

namespace fathom::engine {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TopLogits top_of(const std::vector<float>& logits, float temperature = 0.0f) {
  TopLogits top = {.temperature = temperature};
  find_top(top, logits);
  return top;
}

/// Chooses as a job does: from the likeliest, and from all where they do not decide.
TokenId choose(Sampler& sampler, const std::vector<float>& logits, int position) {
  const TopLogits top = top_of(logits, sampler.temperature());
  if (const auto token = sampler.choose(top, position)) return token->id;
  return sampler.choose_of_all(top, logits, position).id;
}

/// How often each token comes up in 10,000 positions.
std::map<TokenId, int> histogram(const SamplingParams& params, const std::vector<float>& logits) {
  Sampler sampler(params, static_cast<int>(logits.size()));
  std::map<TokenId, int> counts;
  for (int position = 0; position < 10000; ++position) ++counts[choose(sampler, logits, position)];
  return counts;
}

TEST(Sampler, TakesTheLikeliestAndTheLowerOfEquals) {
  Sampler sampler({}, 4);
  EXPECT_EQ(choose(sampler, {1, 3, 2, 3}, 0), 1);
}

TEST(Sampler, ReportsTheLogProbabilityOfTheSoftmax) {
  const TopLogits top = top_of({0.0f, std::log(2.0f), 0.0f});
  EXPECT_NEAR(log_probability(top, top.likeliest[0].logit), std::log(0.5f), 1e-6);
}

TEST(Sampler, SeesNumbersThatAreNone) {
  EXPECT_TRUE(is_finite(top_of({1.0f, -kInfinity})));
  EXPECT_FALSE(is_finite(top_of({-kInfinity, -kInfinity})));
  EXPECT_FALSE(is_finite(top_of({1.0f, std::nanf("")})));
  EXPECT_FALSE(is_finite(top_of({1.0f, kInfinity})));
}

/// The likeliest decide nearly always, and then as all would.
TEST(Sampler, ChoosesTheSameFromTheLikeliestAsFromAll) {
  std::vector<float> logits(500);
  for (size_t id = 0; id < logits.size(); ++id)
    logits[id] = -2.0f * std::log(1.0f + static_cast<float>(id * 37 % 500));
  for (const SamplingParams& params :
       {SamplingParams{.temperature = 0.5f}, SamplingParams{.temperature = 0.3f, .top_p = 0.9f},
        SamplingParams{.temperature = 1.0f, .min_p = 0.01f}}) {
    Sampler sampler(params, 500);
    const TopLogits top = top_of(logits, params.temperature);
    int n_decided = 0;
    for (int position = 0; position < 1000; ++position) {
      const auto token = sampler.choose(top, position);
      if (!token) continue;
      ++n_decided;
      EXPECT_EQ(token->id, sampler.choose_of_all(top, logits, position).id);
    }
    EXPECT_GT(n_decided, 300) << params.temperature;
  }
  // Flat ones are not decided by a few.
  Sampler sampler({.temperature = 5.0f, .top_p = 0.95f}, 500);
  EXPECT_FALSE(sampler.choose(top_of(logits, 5.0f), 0));
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
  choose(b, logits, 99);
  for (int position = 0; position < 20; ++position) {
    const TokenId id = choose(a, logits, position);
    EXPECT_EQ(id, choose(b, logits, position));
    differences += id != choose(c, logits, position);
  }
  EXPECT_GT(differences, 10);
}

}  // namespace
}  // namespace fathom::engine
