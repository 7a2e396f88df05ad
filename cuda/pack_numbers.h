// Writing packed rows (packed_rows.h) from kernels.

#pragma once

#include "cuda/device.h"
#include "cuda/packed_rows.h"

namespace fathom::cuda {

/// Packs columns [column, column + 4) of a row, where the lanes of a warp with the same lane / 4
/// have 16 neighbouring columns. Called by whole warps; lanes without a row do not write.
__device__ __forceinline__ void store_packed(const PackedRows& out, int64_t row, int column,
                                             const float (&x)[4], bool has_row) {
  const uint32_t first = to_bf16x2(x[0], x[1]);
  const uint32_t second = to_bf16x2(x[2], x[3]);
  float sum = (low_bf16(first) + high_bf16(first)) + (low_bf16(second) + high_bf16(second));
  sum += __shfl_xor_sync(kFullWarp, sum, 1);
  sum += __shfl_xor_sync(kFullWarp, sum, 2);
  if (!has_row) return;

  const int64_t unit = row * out.n_groups * kUnitsPerGroup + column / kUnit;
  const int half = column / 16 % 2, t = column / 4 % 4;
  reinterpret_cast<uint2*>(out.numbers + unit * 4 + t)[half] = {first, second};
  if (t == 0) out.sums[unit * 2 + half] = sum;
}

/// By a warp: packs a group of a row of `cols` numbers, which number_at(column) has; zeros behind
/// them.
template <class NumberAt>
__device__ __forceinline__ void pack_group(const PackedRows& out, int64_t row, int group, int cols,
                                           const NumberAt& number_at) {
  const int column = group * kGroup + 4 * static_cast<int>(threadIdx.x % kWarpSize);
  float x[4];
  for (int i = 0; i < 4; ++i) x[i] = column + i < cols ? number_at(column + i) : 0.0f;
  store_packed(out, row, column, x, true);
}

}  // namespace fathom::cuda
