#include "engine/plan/sharded_plan.h"

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

struct Case {
  const char* shape;
  const char* quant;
  const char* gpu;
  int n_gpus;
  int context_tokens = 8192;
};

ShardedPlan plan(const Case& c) {
  return plan_shards(*make_model_parts(c.shape, c.quant), **require_gpu(c.gpu), c.n_gpus,
                     c.context_tokens);
}

TEST(ShardedPlan, PutsV3OnEightH200) {
  const ShardedPlan p = plan({"v3", "fp8", "h200", 8});
  ASSERT_EQ(p.stages.size(), 1u);
  EXPECT_TRUE(p.fits);
  const RankNeed& need = p.stages[0].need;
  // Experts are dealt out, an eighth of 58 x 256 x 44 MB; the head is whole.
  EXPECT_NEAR(static_cast<double>(need.part_bytes[static_cast<size_t>(Part::routed)]), 81.76e9,
              0.1e9);
  EXPECT_EQ(need.part_bytes[static_cast<size_t>(Part::head)], 129280 * 7168 * 2 + 7168 * 2);
  EXPECT_EQ(need.cache_bytes, 8192 * 61 * 576 * 2);  // latents are on every rank
  EXPECT_EQ(p.stages[0].free_bytes, usable_bytes(**require_gpu("h200")) - need.total_bytes());
  EXPECT_NEAR(p.decode.sync_s, 61 * 14 * 1e-6, 1e-9);
  EXPECT_GT(1 / p.decode.total_s(), 100);
  EXPECT_LT(1 / p.decode.total_s(), 1046);  // if nothing were replicated and nobody waited
}

TEST(ShardedPlan, OfOneGpuExchangesNothing) {
  const ShardedPlan p = plan({"v2-lite", "q4_k", "h200", 1});
  EXPECT_TRUE(p.fits);
  EXPECT_EQ(p.decode.exchange_s, 0);
}

TEST(ShardedPlan, SaysHowManyGpusWouldDo) {
  const ShardedPlan p = plan({"v3", "bf16", "h200", 8});
  EXPECT_FALSE(p.fits);
  EXPECT_LT(p.stages[0].free_bytes, 0);
  EXPECT_EQ(p.gpus_needed, 16);
}

TEST(ShardedPlan, MakesGroupsWhereHeadsDoNotDivide) {
  const ShardedPlan p = plan({"v2-lite", "bf16", "rtx4090", 3});
  ASSERT_EQ(p.stages.size(), 3u);
  EXPECT_EQ(p.ranks_per_stage, 1);
  int next = 0;
  for (const Stage& stage : p.stages) {
    EXPECT_EQ(stage.first_layer, next);
    next += stage.n_layers;
  }
  EXPECT_EQ(next, 27);
}

// Latents are on every rank of a group: with groups each keeps those of its own layers.
TEST(ShardedPlan, MakesGroupsWhereTheCacheDoesNotFit) {
  const ShardedPlan p = plan({"v3", "q2_k", "rtx4090", 16, 163840});
  EXPECT_TRUE(p.fits);
  ASSERT_EQ(p.stages.size(), 2u);
  EXPECT_EQ(p.ranks_per_stage, 8);
  EXPECT_EQ(p.stages[0].need.cache_bytes + p.stages[1].need.cache_bytes,
            int64_t{163840} * 61 * 576 * 2);
  EXPECT_EQ(p.stages[0].need.head_products, 0);
  EXPECT_EQ(plan({"v3", "q2_k", "rtx4090", 16, 1024}).stages.size(), 1u);
}

TEST(ShardedPlan, LeavesGpusIdleThatCannotBeUsed) {
  const ShardedPlan p = plan({"nano", "bf16", "l4", 11});  // 4 heads, 8 layers
  EXPECT_EQ(p.n_gpus, 10);
  EXPECT_TRUE(p.fits);
}

}  // namespace
}  // namespace fathom::engine
