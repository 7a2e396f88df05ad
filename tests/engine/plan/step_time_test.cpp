#include "engine/plan/step_time.h"

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

constexpr Link kLink = {"link", 100, 1};

TEST(StepTime, OfAloneRankHasNoExchange) { EXPECT_EQ(exchange_seconds(kLink, 1, 10, 1000), 0); }

// Two sums a layer: a second of latency, and twice three quarters of 400 bytes at 100 a second.
TEST(StepTime, OfExchangeIsLatencyAndBytes) {
  EXPECT_DOUBLE_EQ(exchange_seconds(kLink, 4, 3, 400), 2 * 3 * (1 + 6.0));
}

// V2-Lite on an H200: 2.24 G multiplications a token without the head, half of 989 TFLOP/s, and
// attention's 470 k for each of 2.1 M pairs.
TEST(StepTime, OfAPromptIsProductsByPeak) {
  const ModelParts model = *make_model_parts("v2-lite", "bf16");
  const RankNeed need = need_of_rank(model, {0, 27, 1, 4096});
  EXPECT_NEAR(need.products, 2.242e9, 0.001e9);
  const double products = 2048 * 2.242e9 + 2048 * 2049 / 2 * 27 * 16 * 1088.0;
  EXPECT_NEAR(prompt_seconds(**require_gpu("h200"), need, 2048), 2 * products / 494.5e12, 1e-4);
}

TEST(StepTime, OfAShortPromptIsReadingTheWeights) {
  const ModelParts model = *make_model_parts("v2-lite", "bf16");
  const RankNeed need = need_of_rank(model, {0, 27, 1, 4096});
  EXPECT_NEAR(prompt_seconds(**require_gpu("h200"), need, 16), 31.0e9 / 4.8e12, 1e-4);
}

TEST(StepTime, OfAPromptIsForNoMoreThanTheContext) {
  EXPECT_EQ(prompt_tokens(100), 100);
  EXPECT_EQ(prompt_tokens(100'000), 2048);
}

}  // namespace
}  // namespace fathom::engine
