#include <cmath>
#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/reference/reference_backend.h"
#include "tests/support/op_data.h"

namespace fathom::engine::test {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

struct Chosen {
  std::vector<int32_t> experts;
  std::vector<float> weights;
};

Chosen route(const std::vector<float>& logits, const std::vector<float>& bias,
             RouterConfig config) {
  ReferenceBackend backend(1);
  config.n_experts = static_cast<int>(logits.size());
  std::unique_ptr<Weight> bias_weight;
  if (!bias.empty()) {
    bias_weight = upload(backend, {.name = "bias",
                                   .dtype = DType::f32,
                                   .cols = config.n_experts,
                                   .bytes = std::as_bytes(std::span(bias))});
  }
  std::vector<float> numbers = logits;
  Chosen chosen{std::vector<int32_t>(config.n_active), std::vector<float>(config.n_active)};
  backend.route({chosen.experts.data(), chosen.weights.data(), config.n_active},
                {numbers.data(), 1, config.n_experts, config.n_experts}, bias_weight.get(), config);
  return chosen;
}

void expect_weights(const Chosen& chosen, const std::vector<float>& expected) {
  EXPECT_THAT(chosen.weights, Pointwise(FloatNear(1e-6f), expected));
}

float sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

TEST(Route, SoftmaxWeightsAreProbabilitiesOverAllExperts) {
  // Probabilities 1/10, 4/10, 2/10, 3/10.
  const Chosen chosen = route({std::log(1.0f), std::log(4.0f), std::log(2.0f), std::log(3.0f)}, {},
                              {.score = RouterScore::softmax, .n_active = 2});
  EXPECT_THAT(chosen.experts, ElementsAre(1, 3));
  expect_weights(chosen, {0.4f, 0.3f});
}

TEST(Route, NormalisesOnlyWhatWasChosenAndThenScales) {
  const Chosen chosen =
      route({std::log(1.0f), std::log(4.0f), std::log(2.0f), std::log(3.0f)}, {},
            {.score = RouterScore::softmax, .n_active = 2, .normalise = true, .scale = 2.5f});
  expect_weights(chosen, {2.5f * 4 / 7, 2.5f * 3 / 7});
}

TEST(Route, EqualScoresGoToTheLowerExpert) {
  EXPECT_THAT(route({1, 2, 2, 1, 2}, {}, {.n_active = 4}).experts, ElementsAre(1, 2, 4, 0));
}

TEST(Route, BiasMovesTheChoiceButNotTheWeights) {
  const Chosen chosen = route({0.0f, 1.0f, 2.0f}, {10.0f, 0.0f, 0.0f},
                              {.score = RouterScore::sigmoid, .n_active = 2});
  EXPECT_THAT(chosen.experts, ElementsAre(0, 2));
  expect_weights(chosen, {sigmoid(0.0f), sigmoid(2.0f)});
}

TEST(Route, GroupsOfV2CompeteByTheirBestExpert) {
  // The second group has the larger sum, the first one the best expert.
  const std::vector<float> logits = {3.0f, -9.0f, 2.5f, 2.4f};
  EXPECT_THAT(route(logits, {}, {.n_active = 1, .n_groups = 2, .n_active_groups = 1}).experts,
              ElementsAre(0));
}

TEST(Route, GroupsOfV3CompeteByTheirTwoBestExperts) {
  const RouterConfig config = {.score = RouterScore::sigmoid,
                               .n_active = 2,
                               .n_groups = 2,
                               .n_active_groups = 1,
                               .group_score = GroupScore::top2_sum};
  EXPECT_THAT(route({3.0f, -9.0f, 2.5f, 2.4f}, {}, config).experts, ElementsAre(2, 3));
  // With the bias in the groups' scores too.
  EXPECT_THAT(route({3.0f, -9.0f, 2.5f, 2.4f}, {0.0f, 1.0f, 0.0f, 0.0f}, config).experts,
              ElementsAre(1, 0));
}

TEST(Route, ExpertsOfOtherGroupsAreOutEvenIfAllBiasedScoresAreNegative) {
  const RouterConfig config = {.score = RouterScore::sigmoid,
                               .n_active = 2,
                               .n_groups = 2,
                               .n_active_groups = 1,
                               .group_score = GroupScore::top2_sum};
  EXPECT_THAT(route({1.0f, 1.0f, 2.0f, 2.0f}, {-5.0f, -5.0f, -5.0f, -5.0f}, config).experts,
              ElementsAre(2, 3));
}

TEST(Route, ChoosesValidExpertsWhateverTheLogits) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const RouterScore score :
       {RouterScore::softmax, RouterScore::sigmoid, RouterScore::sqrt_softplus}) {
    for (const auto& logits : {std::vector<float>(8, kNan),
                               std::vector<float>(8, -kInfinity),
                               {kNan, 1, kInfinity, 2, -kInfinity, kNan, 0, 0}}) {
      const Chosen chosen =
          route(logits, {}, {.score = score, .n_active = 4, .n_groups = 4, .n_active_groups = 2});
      std::vector<int32_t> sorted = chosen.experts;
      std::sort(sorted.begin(), sorted.end());
      EXPECT_EQ(std::adjacent_find(sorted.begin(), sorted.end()), sorted.end());
      EXPECT_GE(sorted.front(), 0);
      EXPECT_LT(sorted.back(), 8);
    }
  }
}

TEST(Route, RowsAreRoutedIndependently) {
  ReferenceBackend backend(1);
  constexpr int kExperts = 16;
  const RouterConfig config = {.score = RouterScore::sigmoid,
                               .n_experts = kExperts,
                               .n_active = 3,
                               .n_groups = 4,
                               .n_active_groups = 2,
                               .group_score = GroupScore::top2_sum,
                               .normalise = true};
  OwnedTensor logits = OwnedTensor::random(5, kExperts, 1);
  std::vector<int32_t> together(15), alone(15);
  std::vector<float> weights_together(15), weights_alone(15);
  backend.route({together.data(), weights_together.data(), 3}, logits, nullptr, config);
  for (int row = 0; row < 5; ++row) {
    const Tensor one = {logits.view().row(row), 1, kExperts, kExperts};
    backend.route({alone.data() + 3 * row, weights_alone.data() + 3 * row, 3}, one, nullptr,
                  config);
  }
  EXPECT_EQ(together, alone);
  EXPECT_EQ(weights_together, weights_alone);
}

}  // namespace
}  // namespace fathom::engine::test
