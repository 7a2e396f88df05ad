#include "engine/plan/machine_plan.h"

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

constexpr int64_t kGb = 1'000'000'000;

std::vector<Placement> plan(const char* shape, const char* quant, int64_t memory_bytes,
                            const char* gpu) {
  Machine machine = {.memory_bytes = memory_bytes};
  if (gpu) machine.gpu = **require_gpu(gpu);
  return plan_machine(*make_model_parts(shape, quant), machine, 8192);
}

TEST(MachinePlan, WithoutAGpuIsTheProcessors) {
  const auto places = plan("v2-lite", "q4_k", 16 * kGb, nullptr);
  ASSERT_EQ(places.size(), 1u);
  EXPECT_TRUE(places[0].fits);
  EXPECT_FALSE(places[0].prompt_s);
  // 50 GB/s for 1.4 to 1.6 GB of weights, and the cache.
  EXPECT_GT(1 / places[0].decode.total_s(), 25);
  EXPECT_LT(1 / places[0].decode.total_s(), 40);
  EXPECT_FALSE(plan("v2-lite", "q4_k", 4 * kGb, nullptr)[0].fits);
}

TEST(MachinePlan, OnAGpuThatIsLargeEnoughNeedsNoSplit) {
  const auto places = plan("v2-lite", "q4_k", 0, "rtx4090");
  ASSERT_EQ(places.size(), 2u);
  EXPECT_FALSE(places[0].fits);
  EXPECT_TRUE(places[1].fits);
  EXPECT_EQ(places[1].memory_bytes, 0);
}

TEST(MachinePlan, LeavesExpertsThatDoNotFitInMemory) {
  const auto places = plan("v3", "q4_k", 512 * kGb, "rtx4090");
  ASSERT_EQ(places.size(), 3u);
  EXPECT_FALSE(places[1].fits);
  const Placement& both = places[2];
  EXPECT_EQ(both.place, Place::both);
  EXPECT_TRUE(both.fits);
  EXPECT_EQ(both.layers_on_gpu, 61);
  EXPECT_LE(both.gpu_bytes, usable_bytes(**require_gpu("rtx4090")));
  EXPECT_NEAR(both.experts_in_memory, 1 - both.expert_layers_on_gpu / 58.0, 0.01);
  EXPECT_LT(both.decode.total_s(), places[0].decode.total_s());
  EXPECT_FALSE(plan("v3", "q4_k", 64 * kGb, "rtx4090")[2].fits);
}

TEST(MachinePlan, GivesADenseModelsLastLayersToTheProcessor) {
  const auto places = plan("6.7b", "f32", 64 * kGb, "rtx4090");
  ASSERT_EQ(places.size(), 3u);
  EXPECT_GT(places[2].layers_on_gpu, 20);
  EXPECT_LT(places[2].layers_on_gpu, 32);
  EXPECT_EQ(places[2].experts_in_memory, 0);
  EXPECT_NEAR(static_cast<double>(places[2].gpu_bytes + places[2].memory_bytes),
              static_cast<double>(places[1].gpu_bytes), 1);
}

}  // namespace
}  // namespace fathom::engine
