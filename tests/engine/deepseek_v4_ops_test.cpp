// The operations that DeepSeek-V4 brought, on small cases whose results are worked out by hand or
// by formulas written anew here. CpuBackend inherits them.

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/reference/reference_backend.h"
#include "tests/support/op_data.h"

namespace fathom::engine::test {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

constexpr float kExact = 1e-6f;

class NewOps : public testing::Test {
 protected:
  const Weight* weight(int rows, int cols, std::vector<float> numbers) {
    auto owner = std::make_shared<std::vector<float>>(std::move(numbers));
    weights_.push_back(upload(backend_, {.name = "w",
                                         .dtype = DType::f32,
                                         .rows = rows,
                                         .cols = cols,
                                         .bytes = std::as_bytes(std::span(*owner)),
                                         .owner = owner}));
    return weights_.back().get();
  }
  static Tensor view(std::vector<float>& numbers, int rows) {
    const int cols = static_cast<int>(numbers.size()) / rows;
    return {numbers.data(), rows, cols, cols};
  }

  ReferenceBackend backend_{2};
  std::vector<std::unique_ptr<Weight>> weights_;
};

using HyperConnections = NewOps;

TEST_F(HyperConnections, ReadAndWriteWeightsAreSigmoidsAndKeptStreamsAreDoublyStochastic) {
  // Two streams: read | write | keep.
  std::vector<float> m = {0.0f, 1.0f, 0.0f, -1.0f, 2.0f, 0.0f, 0.0f, 0.5f};
  constexpr float kEps = 1e-3f;
  backend_.hyper_weights(view(m, 1), {.n_streams = 2,
                                      .n_iterations = 30,
                                      .eps = kEps,
                                      .scale = weight(1, 3, {1.0f, 2.0f, 1.0f}),
                                      .base = weight(1, 8, {0, 1, 0, 0, 0, 0, 0, 0})});
  const auto sigmoid = [](float x) { return 1 / (1 + std::exp(-x)); };
  EXPECT_THAT(std::span(m).first(4),
              Pointwise(FloatNear(kExact),
                        std::vector<float>{0.5f + kEps, sigmoid(2) + kEps, 1.0f, 2 * sigmoid(-2)}));
  // The last step divides columns: their sums are exact up to eps, those of the rows nearly.
  EXPECT_NEAR(m[4] + m[6], 1.0f, 2 * kEps);
  EXPECT_NEAR(m[5] + m[7], 1.0f, 2 * kEps);
  EXPECT_NEAR(m[4] + m[5], 1.0f, 4 * kEps);
  // Scaling rows and columns keeps the cross ratio of the softmax, e^2 / 1 * e^0.5 / 1 (near eps
  // 0).
  EXPECT_NEAR(std::log(m[4] * m[7] / (m[5] * m[6])), 2.5f, 0.05f);
}

TEST_F(HyperConnections, OneIterationIsASoftmaxOfRowsAndADivisionOfColumns) {
  std::vector<float> m = {0, 0, 0, 0, std::log(3.0f), 0, 0, 0};
  backend_.hyper_weights(view(m, 1), {.n_streams = 2,
                                      .n_iterations = 1,
                                      .eps = 0,
                                      .scale = weight(1, 3, {1, 1, 1}),
                                      .base = weight(1, 8, std::vector<float>(8, 0.0f))});
  // Rows [3/4 1/4], [1/2 1/2]; columns sum to 5/4 and 3/4.
  EXPECT_THAT(std::span(m).last(4),
              Pointwise(FloatNear(kExact), std::vector<float>{0.6f, 1 / 3.0f, 0.4f, 2 / 3.0f}));
}

TEST_F(HyperConnections, HeadOnlyReads) {
  std::vector<float> m = {0.0f, std::log(3.0f)};
  backend_.hyper_weights(view(m, 1), {.n_streams = 2,
                                      .n_iterations = 20,
                                      .eps = 0.125f,
                                      .scale = weight(1, 1, {1}),
                                      .base = weight(1, 2, {0, 0})});
  EXPECT_THAT(m, Pointwise(FloatNear(kExact), std::vector<float>{0.625f, 0.875f}));
}

TEST_F(HyperConnections, StreamsAreReadAndWrittenByTheirWeights) {
  std::vector<float> streams = {1, 2, 10, 20};  // two streams of two numbers
  std::vector<float> m = {0.5f, 0.25f, 3, 4, 1, 2, 0.5f, 0};
  std::vector<float> x = {100, 200};
  std::vector<float> read(2);
  backend_.read_streams(view(read, 1), view(streams, 1), view(m, 1));
  EXPECT_THAT(read, ElementsAre(0.5f * 1 + 0.25f * 10, 0.5f * 2 + 0.25f * 20));
  backend_.write_streams(view(streams, 1), view(x, 1), view(m, 1));
  EXPECT_THAT(streams, ElementsAre(300 + 1 * 1 + 0.5f * 10, 600 + 1 * 2 + 0.5f * 20,
                                   400 + 2 * 1 + 0 * 10, 800 + 2 * 2 + 0 * 20));
}

TEST_F(NewOps, UnitRmsNormTreatsEachHeadByItselfAlsoInPlace) {
  std::vector<float> x = {3, 4, 0, 0, 6, 8, 0, 0};
  const Heads heads = view(x, 1).heads(2);
  backend_.unit_rms_norm(heads, heads, 0.0f);
  EXPECT_THAT(x,
              Pointwise(FloatNear(kExact), std::vector<float>{1.2f, 1.6f, 0, 0, 1.2f, 1.6f, 0, 0}));
}

/// Positions 0, 1, ... in rows that run backwards, as nothing promises an order.
std::vector<SlotId> falling_slots(int n) {
  std::vector<SlotId> slots(n);
  std::iota(slots.rbegin(), slots.rend(), 0);
  return slots;
}

using PoolGroups = NewOps;

TEST_F(PoolGroups, GatesWeighTheTokensOfACompletedGroupColumnByColumn) {
  const std::vector<SlotId> slots = falling_slots(4);
  // Rows: a number that is not part of it, two numbers, two gates. Position 3 comes first.
  std::vector<float> cache = {-1, 9,  9,  9,
                              9,  // position 3
                              -1, 5,  6,  std::log(3.0f),
                              0,  // 2
                              -1, 10, 20, 0,
                              0,  // 1
                              -1, 2,  4,  0,
                              0};  // 0
  const SequenceRows rows = {.first_row = 0, .n_rows = 2, .slots = std::span(slots).first(2)};
  std::vector<float> out = {7, 7, 7, 7};
  const GroupPooling pooling = {.size = 2,
                                .column = 1,
                                .dim = 2,
                                .overlaps = false,
                                .position_bias = weight(2, 2, {std::log(3.0f), 0, 0, 0})};
  backend_.pool_groups(view(out, 2), view(cache, 4), {&rows, 1}, pooling);
  EXPECT_THAT(out, Pointwise(FloatNear(1e-5f),
                             std::vector<float>{0, 0, (3 * 2 + 10) / 4.0f, (4 + 20) / 2.0f}));
}

TEST_F(PoolGroups, OverlappingGroupsTakeTheFirstColumnsOfTheGroupBefore) {
  const std::vector<SlotId> slots = falling_slots(4);
  // Rows: [first | last] numbers, [first | last] gates; groups of two, dim 1.
  std::vector<float> cache = {0,  40, 0, 0,   // position 3
                              0,  30, 0, 0,   // 2
                              20, 2,  0, 0,   // 1
                              10, 1,  0, 0};  // 0
  const SequenceRows rows = {.first_row = 0, .n_rows = 4, .slots = slots};
  std::vector<float> out(4);
  const GroupPooling pooling = {.size = 2,
                                .column = 0,
                                .dim = 1,
                                .overlaps = true,
                                .position_bias = weight(2, 2, {0, std::log(2.0f), 0, 0})};
  backend_.pool_groups(view(out, 4), view(cache, 4), {&rows, 1}, pooling);
  // The first group has none before it; the bias doubles the weight of its first token.
  EXPECT_THAT(out, Pointwise(FloatNear(1e-5f), std::vector<float>{0, (2 * 1 + 2) / 3.0f, 0,
                                                                  (10 + 20 + 2 * 30 + 40) / 5.0f}));
}

using ChooseGroups = NewOps;

TEST_F(ChooseGroups, TakesTheBestCompleteGroupsInAscendingOrder) {
  const std::vector<SlotId> slots = falling_slots(7);
  // Keys of one number in the rows of positions 1, 3, 5: 2, -3, 1.
  std::vector<float> cache(7);
  const float keys[] = {2, -3, 1};
  for (int g = 0; g < 3; ++g) cache[slots[2 * g + 1]] = keys[g];
  std::vector<float> q = {1, -1, 1, -1, 1, -1};  // two heads, three rows: positions 4, 5, 6
  std::vector<float> weights = {1, 0.5f, 1, 0.5f, 1, 1};
  const SequenceRows rows = {.first_row = 0, .n_rows = 3, .slots = slots};
  std::vector<int32_t> chosen(3 * 2, 99);
  backend_.choose_groups({chosen.data(), 2}, view(q, 3).heads(2), view(weights, 3), view(cache, 7),
                         {&rows, 1}, {.size = 2, .column = 0});
  // Scores 2, 1.5, 1 and in the last row 2, 3, 1; position 4 sees two groups.
  EXPECT_THAT(chosen, ElementsAre(0, 1, 0, 1, 0, 1));

  std::vector<int32_t> one(3, 99);
  backend_.choose_groups({one.data(), 1}, view(q, 3).heads(2), view(weights, 3), view(cache, 7),
                         {&rows, 1}, {.size = 2, .column = 0});
  EXPECT_THAT(one, ElementsAre(0, 0, 1));
}

TEST_F(ChooseGroups, PrefersTheLowerOfEqualsAndMarksMissingOnes) {
  const std::vector<SlotId> slots = falling_slots(3);
  std::vector<float> cache = {1, 1, 1};
  std::vector<float> q = {1, 1, 1};
  std::vector<float> weights = {1, 1, 1};
  const SequenceRows rows = {.first_row = 0, .n_rows = 3, .slots = slots};
  std::vector<int32_t> chosen(3 * 2, 99);
  backend_.choose_groups({chosen.data(), 2}, view(q, 3).heads(1), view(weights, 3), view(cache, 3),
                         {&rows, 1}, {.size = 1, .column = 0});
  EXPECT_THAT(chosen, ElementsAre(0, -1, 0, 1, 0, 1));
}

using SharedKvAttentionOp = NewOps;

TEST_F(SharedKvAttentionOp, SeesItsWindowTheChosenGroupsAndTheSink) {
  const std::vector<SlotId> slots = falling_slots(5);
  // Rows: key | pooled key. The query is 0, so that every key weighs the same.
  std::vector<float> cache(10);
  for (int p = 0; p < 5; ++p) {
    cache[2 * slots[p]] = static_cast<float>(p + 1);             // 1 2 3 4 5
    cache[2 * slots[p] + 1] = static_cast<float>(10 * (p + 1));  // groups of two: 20, 40
  }
  std::vector<float> q = {0, 0};
  std::vector<float> out(2);
  const SequenceRows rows = {.first_row = 0, .n_rows = 2, .slots = slots};  // positions 3, 4
  SharedKvAttention attention = {.window = 2, .scale = 1.0f, .sinks = weight(1, 1, {0.0f})};
  const auto run = [&] {
    backend_.shared_kv_attention(view(out, 2).heads(1), view(q, 2).heads(1), view(cache, 5),
                                 {&rows, 1}, attention);
    return out;
  };
  EXPECT_THAT(run(),
              Pointwise(FloatNear(1e-5f), std::vector<float>{(3 + 4) / 3.0f, (4 + 5) / 3.0f}));

  attention.pooled = {.size = 2, .column = 1};
  EXPECT_THAT(run(), Pointwise(FloatNear(1e-5f), std::vector<float>{(3 + 4 + 20 + 40) / 5.0f,
                                                                    (4 + 5 + 20 + 40) / 5.0f}));
  std::vector<int32_t> chosen = {1, 0};
  attention.chosen = {chosen.data(), 1};
  EXPECT_THAT(run(), Pointwise(FloatNear(1e-5f),
                               std::vector<float>{(3 + 4 + 40) / 4.0f, (4 + 5 + 20) / 4.0f}));
}

TEST_F(SharedKvAttentionOp, WeighsKeysBySoftmaxOfTheScaledProductsAndTheSinkOfTheHead) {
  std::vector<float> cache = {1, 2};
  const std::vector<SlotId> slots = {0, 1};
  const SequenceRows rows = {.first_row = 0, .n_rows = 1, .slots = slots};
  std::vector<float> q = {3, -1};  // two heads
  std::vector<float> out(2);
  backend_.shared_kv_attention(view(out, 1).heads(2), view(q, 1).heads(2), view(cache, 2),
                               {&rows, 1},
                               {.window = 8, .scale = 0.5f, .sinks = weight(1, 2, {1.0f, -2.0f})});
  const auto expected = [](float query, float sink) {
    const float a = std::exp(query * 0.5f), b = std::exp(query), s = std::exp(sink);
    return (a * 1 + b * 2) / (a + b + s);
  };
  EXPECT_THAT(out,
              Pointwise(FloatNear(1e-5f), std::vector<float>{expected(3, 1), expected(-1, -2)}));
}

TEST_F(NewOps, RouteToWeighsTheGivenExpertsByTheSquareRootOfSoftplus) {
  std::vector<float> logits = {0.0f, 1.0f, -200.0f, 200.0f};
  const int32_t experts[] = {3, 0};
  std::vector<int32_t> chosen(2);
  std::vector<float> weights(2);
  backend_.route_to({chosen.data(), weights.data(), 2}, view(logits, 1), experts,
                    {.score = RouterScore::sqrt_softplus,
                     .n_experts = 4,
                     .n_active = 2,
                     .normalise = true,
                     .scale = 1.5f});
  EXPECT_THAT(chosen, ElementsAre(3, 0));
  const float large = std::sqrt(200.0f), small = std::sqrt(std::log(2.0f));
  EXPECT_THAT(weights,
              Pointwise(FloatNear(1e-5f), std::vector<float>{1.5f * large / (large + small),
                                                             1.5f * small / (large + small)}));
}

}  // namespace
}  // namespace fathom::engine::test
