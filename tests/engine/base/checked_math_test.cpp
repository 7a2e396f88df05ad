#include "engine/base/checked_math.h"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(CheckedMath, GivesNothingInsteadOfAWrappedResult) {
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  EXPECT_EQ(checked_add(kMax - 1, uint64_t{1}), kMax);
  EXPECT_EQ(checked_add(kMax, uint64_t{1}), std::nullopt);
  EXPECT_EQ(checked_mul(uint64_t{1} << 32, uint64_t{1} << 31), uint64_t{1} << 63);
  EXPECT_EQ(checked_mul(uint64_t{1} << 32, uint64_t{1} << 32), std::nullopt);
  EXPECT_EQ(checked_mul(std::numeric_limits<int32_t>::min(), -1), std::nullopt);
}

}  // namespace
}  // namespace fathom
