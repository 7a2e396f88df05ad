#include "engine/dtype.h"

#include <limits>

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

TEST(DType, HasTheRowSizesOfGgml) {
  EXPECT_EQ(row_bytes(DType::f32, 3), 12);
  EXPECT_EQ(row_bytes(DType::bf16, 3), 6);
  EXPECT_EQ(row_bytes(DType::q8_0, 64), 68);
  EXPECT_EQ(row_bytes(DType::q4_0, 64), 36);
  EXPECT_EQ(row_bytes(DType::q4_k, 512), 288);
  EXPECT_EQ(row_bytes(DType::q5_k, 256), 176);
  EXPECT_EQ(row_bytes(DType::q6_k, 256), 210);
  EXPECT_EQ(row_bytes(DType::q2_k, 256), 84);
  EXPECT_EQ(row_bytes(DType::q3_k, 256), 110);
  EXPECT_EQ(row_bytes(DType::iq4_xs, 512), 272);
  EXPECT_EQ(row_bytes(DType::mxfp4, 64), 34);
  EXPECT_EQ(row_bytes(DType::f8_e4m3, 3), 3);
}

TEST(DType, RefusesRowsThatAreNotWholeBlocks) {
  EXPECT_EQ(row_bytes(DType::q8_0, 33), std::nullopt);
  EXPECT_EQ(row_bytes(DType::q6_k, 128), std::nullopt);
  EXPECT_EQ(row_bytes(DType::f32, -1), std::nullopt);
}

TEST(DType, RefusesRowsWhoseSizeOverflows) {
  EXPECT_EQ(row_bytes(DType::f32, std::numeric_limits<int64_t>::max()), std::nullopt);
}

TEST(DType, NamesEveryTypeOnce) {
  for (const DType a : kAllDTypes)
    for (const DType b : kAllDTypes) EXPECT_EQ(a == b, info(a).name == info(b).name);
}

}  // namespace
}  // namespace fathom::engine
