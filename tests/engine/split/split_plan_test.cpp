#include "engine/split/split_plan.h"

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

SplitPlan fit(const SplitMemory& memory) {
  const auto plan = SplitPlan::fit(memory);
  EXPECT_TRUE(plan);
  return plan.value_or(SplitPlan(0));
}

TEST(SplitPlan, TakesAllExpertsWhereThereIsRoom) {
  SplitPlan plan = fit({.device = 1000, .others = 100, .experts = 900});
  for (int layer = 0; layer < 3; ++layer) EXPECT_EQ(plan.next(7, 300), 7);
}

TEST(SplitPlan, TakesTheSameShareOfEachLayer) {
  SplitPlan plan = fit({.device = 1000, .others = 100, .experts = 1800});
  for (int layer = 0; layer < 6; ++layer) EXPECT_EQ(plan.next(10, 300), 5);
}

TEST(SplitPlan, LeavesWhatALayerCannotUseUpToTheNext) {
  SplitPlan plan = fit({.device = 250, .others = 0, .experts = 400});
  // Room for 2.5 of 4 experts in each layer.
  EXPECT_EQ(plan.next(4, 100), 2);
  EXPECT_EQ(plan.next(4, 100), 3);
  EXPECT_EQ(plan.next(4, 100), 2);
  EXPECT_EQ(plan.next(4, 100), 3);
}

TEST(SplitPlan, KnowsThatLayersMayBeOfDifferentSize) {
  SplitPlan plan = fit({.device = 300, .others = 0, .experts = 600});
  EXPECT_EQ(plan.next(4, 200), 2);
  EXPECT_EQ(plan.next(4, 400), 2);
}

TEST(SplitPlan, IsNotAByteOverWhatThereIs) {
  for (const uint64_t device : {uint64_t{0}, uint64_t{99}, uint64_t{1000}, uint64_t{70001}}) {
    SplitPlan plan = fit({.device = device, .others = 0, .experts = 61 * 64 * 37});
    uint64_t n_bytes = 0;
    for (int layer = 0; layer < 61; ++layer) n_bytes += plan.next(64, 64 * 37) * 37;
    EXPECT_LE(n_bytes, device);
    EXPECT_LT(device, n_bytes + 2 * 37) << "and all of it is used";
  }
}

TEST(SplitPlan, SaysWhenNotEvenTheRestFits) {
  const auto plan = SplitPlan::fit({.device = 99 << 20, .others = 100 << 20, .experts = 1});
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::out_of_memory);
  EXPECT_EQ(plan.error().message,
            "the device has 99 MiB of memory; the model needs 100 MiB there, even with all experts "
            "elsewhere");
}

}  // namespace
}  // namespace fathom::engine
