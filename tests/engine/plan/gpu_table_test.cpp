#include "engine/plan/gpu_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

TEST(GpuTable, HasWhatDataSheetsState) {
  const auto h200 = require_gpu("H200");
  ASSERT_TRUE(h200);
  EXPECT_EQ((*h200)->memory_gib, 141);
  EXPECT_EQ((*h200)->bytes_per_s, 4.8e12);
  EXPECT_EQ(usable_bytes(**h200), int64_t{139} << 30);
}

TEST(GpuTable, KnowsCardsByWhatTheDriverCallsThem) {
  const auto name_of = [](std::string_view device) {
    const Gpu* gpu = find_gpu_of_device(device);
    return gpu != nullptr ? gpu->name : "";
  };
  EXPECT_EQ(name_of("NVIDIA H200"), "h200");
  EXPECT_EQ(name_of("NVIDIA H100 80GB HBM3"), "h100");
  EXPECT_EQ(name_of("NVIDIA A100-SXM4-80GB"), "a100");
  EXPECT_EQ(name_of("NVIDIA GeForce RTX 4090"), "rtx4090");
  EXPECT_EQ(name_of("NVIDIA L4"), "l4");
  for (const char* unknown : {"NVIDIA L40S", "NVIDIA GH200 480GB", "Tesla T4", "", " - "})
    EXPECT_EQ(name_of(unknown), "") << unknown;
}

TEST(GpuTable, SaysWhichThereAre) {
  const auto none = require_gpu("h20");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(none.error().message, testing::HasSubstr("there are h100, h200"));
}

}  // namespace
}  // namespace fathom::engine
