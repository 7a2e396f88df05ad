// How many launches a layer of DeepSeek-V2-Lite is, which docs/kernels/launches.md and the plan of
// a machine go by.

#include <numeric>

#include <gtest/gtest.h>

#include "cuda/device_backend.h"
#include "engine/models/feed_forward.h"
#include "engine/models/mla.h"
#include "engine/plan/assumptions.h"
#include "tests/cuda/on_device.h"

namespace fathom::engine::test {
namespace {

class Launches : public OnDevice {
 protected:
  const Weight* weight(DType dtype, int count, int rows, int cols) {
    weights_.push_back(upload(device(), random_weight(dtype, count, rows, cols, 1)));
    return weights_.back().get();
  }
  GatedFfnWeights network(int count, int hidden, int dim) {
    return {.gate = weight(DType::q8_0, count, hidden, dim),
            .up = weight(DType::q8_0, count, hidden, dim),
            .down = weight(DType::q8_0, count, dim, hidden)};
  }

 private:
  std::vector<std::unique_ptr<Weight>> weights_;
};

// Of one token behind more keys than a block takes, with fewer numbers of everything; the router as
// GGUF files have it.
TEST_F(Launches, OfALayerAreAsManyAsThePlanAssumes) {
  constexpr int kDim = 256, kPosition = 99;
  const MlaConfig attention = {.dim = kDim,
                               .n_heads = 4,
                               .kv_lora = 128,
                               .nope_dim = 64,
                               .rope_dim = 32,
                               .v_dim = 32,
                               .norm_eps = 1e-6f,
                               .softmax_scale = 0.1f,
                               .rope = {.inverse_frequencies = std::vector<float>(16, 0.1f)}};
  const FeedForwardConfig ffn = {
      .dim = kDim,
      .dense_hidden = 64,
      .expert_hidden = 64,
      .shared_hidden = 128,
      .router = {.score = RouterScore::softmax, .n_experts = 16, .n_active = 3}};
  const Weight* norm = weight(DType::f32, 1, 1, kDim);
  const MlaWeights attention_weights = {.q_b = weight(DType::q8_0, 1, 4 * (64 + 32), kDim),
                                        .kv_a = weight(DType::q8_0, 1, 128 + 32, kDim),
                                        .kv_a_norm = weight(DType::f32, 1, 1, 128),
                                        .k_b = weight(DType::f16, 4, 128, 64),
                                        .v_b = weight(DType::q8_0, 4, 32, 128),
                                        .out = weight(DType::q8_0, 1, kDim, 4 * 32)};
  const FeedForwardWeights ffn_weights = {
      .has_experts = true,
      .moe = {.router = weight(DType::f32, 1, 16, kDim),
              .experts = {.routed = network(16, 64, kDim), .shared = network(1, 128, kDim)}}};

  ScratchAllocator memory(device());
  MlaScratch attention_scratch = MlaScratch::allocate(memory, 1, attention);
  const FeedForwardScratch ffn_scratch = FeedForwardScratch::allocate(memory, 1, ffn);
  const Tensor x = memory.tensor(1, kDim), h = memory.tensor(1, kDim);
  const CacheRows cache(memory.tensor(kPosition + 1, attention.cache_width()));
  ASSERT_TRUE(memory.status());
  const auto buffers = memory.take_buffers();

  std::vector<SlotId> slots(kPosition + 1);
  std::iota(slots.begin(), slots.end(), 0);
  const std::vector<SequenceRows> sequences = {{0, 1, slots}};
  const std::vector<int32_t> positions = {kPosition};
  const Batch batch = {
      .positions = positions, .slots = std::span(slots).last(1), .sequences = sequences};
  const auto& counts = static_cast<cuda::DeviceBackend&>(device()).launches();
  ASSERT_TRUE(device().sync());
  const int64_t before = counts.launches;
  device().add_rms_norm(h, x, h, *norm, 1e-6f);
  mla_attention(device(), h, batch, cache, attention_weights, attention, attention_scratch, {});
  device().add_rms_norm(h, x, h, *norm, 1e-6f);
  feed_forward(device(), h, ffn_weights, ffn.router, ffn_scratch, {});
  ASSERT_TRUE(device().sync());
  EXPECT_EQ(counts.launches - before, kPhasesPerLayer);
}

}  // namespace
}  // namespace fathom::engine::test
