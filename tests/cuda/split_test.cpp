// Routed experts in the GPU's memory and in the host's.

#include <list>

#include <gtest/gtest.h>

#include "engine/reference/reference_backend.h"
#include "engine/split/split_backend.h"
#include "tests/cuda/on_device.h"
#include "tests/engine/split/routed_experts.h"
#include "tests/support/weight_file.h"

namespace fathom::engine::test {
namespace {

/// Inputs of both products rounded to bf16 where the GPU computes.
constexpr Tolerance kRounded = {.absolute = 0.02};

class SplitOnDevice : public OnDevice {
 protected:
  static std::unique_ptr<SplitBackend> split(double share) {
    auto device = cuda::make_cuda_backend();
    EXPECT_TRUE(device);
    return std::make_unique<SplitBackend>(std::move(*device), std::make_unique<ReferenceBackend>(1),
                                          SplitPlan(share));
  }
};

TEST_F(SplitOnDevice, SumsTheExpertsOfBothSidesWithTheSameBitsForEveryNumberOfRows) {
  const Rows rows = rows_of(11);
  for (const DType dtype : {DType::f32, DType::bf16, DType::f8_e4m3, DType::q8_0}) {
    const auto layer = layer_of(dtype);
    const auto expected = run_experts(reference(), Experts(reference(), layer).weights(), rows);
    for (const double share : {0.0, 0.5, 1.0}) {
      const auto backend = split(share);
      const Experts experts(*backend, layer);
      const auto together = run_experts(*backend, experts.weights(), rows);
      expect_close(together, expected, kDim, kRounded,
                   fmt::format("{}, {} on the device", info(dtype).name, share));
      for (const int row : {0, 3, 10}) {
        const auto alone = run_experts(*backend, experts.weights(), rows.part(row, 1));
        expect_same_bits(alone, std::span(together).subspan(row * kDim, kDim), kDim, "alone");
      }
      EXPECT_TRUE(backend->sync());
    }
  }
}

TEST_F(SplitOnDevice, ExpertsThatMoveComputeWhatTheyDid) {
  const auto layer = layer_of(DType::q8_0);
  std::list<WeightFile> files;
  std::vector<WeightData> stacks;
  for (const WeightData& stack : layer) stacks.push_back(files.emplace_back(stack).take());
  const auto backend = split(0.5);
  const Experts experts(*backend, stacks);
  const Rows rows = rows_that_choose(2, {1, 5, 7});
  const auto before = run_experts(*backend, experts.weights(), rows);
  for (int pause = 0; pause < 4; ++pause) backend->between_jobs();
  const auto after = run_experts(*backend, experts.weights(), rows);
  EXPECT_NE(after, before) << "nothing has moved: the two round differently";
  expect_close(after, before, kDim, kRounded, "moved");
}

}  // namespace
}  // namespace fathom::engine::test
