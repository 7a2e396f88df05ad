#include "engine/plan/gpu_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/plan/rank_need.h"

namespace fathom::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint64_t kGiB = uint64_t{1} << 30;
constexpr int kContext = 8192;

std::vector<uint64_t> gib(std::initializer_list<uint64_t> sizes) {
  std::vector<uint64_t> bytes;
  for (const uint64_t size : sizes) bytes.push_back(size * kGiB);
  return bytes;
}

ModelParts parts(const char* shape, const char* quant) {
  return make_model_parts(shape, quant).value();
}

TEST(GpuChoice, OfOneIsTheFirstWithRoom) {
  const ModelParts lite = parts("v2-lite", "bf16");  // 31.4 GB
  EXPECT_EQ(gpu_for(lite, {gib({24, 80, 40}), kContext}), 1);
  EXPECT_EQ(gpu_for(lite, {gib({24, 24}), kContext}), std::nullopt);
}

TEST(GpuChoice, SharesAmongTheFewestWithMostRoom) {
  const ModelParts lite = parts("v2-lite", "bf16");
  EXPECT_THAT(gpus_to_share(lite, {gib({18, 24, 12, 20}), kContext}), ElementsAre(1, 3));
  EXPECT_THAT(gpus_to_share(lite, {gib({10, 10, 10, 10}), kContext}), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(gpus_to_share(lite, {gib({6, 6}), kContext}), IsEmpty());
  // 671 GB on eight times 139 GiB, and 128 heads cannot be cut in three.
  const std::vector<uint64_t> eight(8, 137 * kGiB);
  EXPECT_EQ(gpus_to_share(parts("v3", "fp8"), {eight, kContext}).size(), 8u);
}

void expect_all_layers(const std::vector<GpuLayers>& stages, int n_layers) {
  int next = 0;
  for (const auto& [gpu, layers] : stages) {
    EXPECT_EQ(layers.begin, next);
    EXPECT_GT(layers.size(), 0);
    next = layers.end;
  }
  EXPECT_EQ(next, n_layers);
}

TEST(GpuChoice, PutsLayersInTurnsOnTheFewestThatAreNotTooSmall) {
  const ModelParts lite = parts("v2-lite", "bf16");
  const auto two = gpus_in_turns(lite, {gib({12, 24}), kContext});
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].gpu, 1);
  EXPECT_EQ(two[1].gpu, 0);
  EXPECT_GT(two[0].layers.size(), two[1].layers.size());
  expect_all_layers(two, lite.n_layers);
  for (const auto& [gpu, layers] : two)
    EXPECT_LT(need_of_rank(lite, {layers.begin, layers.end, 1, kContext}).total_bytes(),
              static_cast<int64_t>(gpu == 1 ? 24 * kGiB : 12 * kGiB));

  const auto all = gpus_in_turns(lite, {gib({10, 10, 10, 10}), kContext});
  EXPECT_EQ(all.size(), 4u);
  expect_all_layers(all, lite.n_layers);
  EXPECT_THAT(gpus_in_turns(lite, {gib({10, 10, 1}), kContext}), IsEmpty());
  EXPECT_EQ(gpus_in_turns(lite, {gib({40, 40}), kContext}).size(), 1u);
}

TEST(GpuChoice, LeavesRoomForTheSecondEmbeddingAndDrafts) {
  const ModelParts lite = parts("v2-lite", "bf16");
  const auto total =
      static_cast<uint64_t>(need_of_rank(lite, {0, lite.n_layers, 1, kContext}).total_bytes());
  // Halves of the whole are too small for two that have the embedding both.
  EXPECT_THAT(gpus_in_turns(lite, {std::vector<uint64_t>{total / 2, total / 2}, kContext}),
              IsEmpty());
}

}  // namespace
}  // namespace fathom::engine
