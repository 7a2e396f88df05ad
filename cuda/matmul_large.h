// y = x times the transpose of w for many rows: a block of 4 warps has 128 outputs and 64 rows of
// x, a warp 32 of the outputs.
//
// x packed bf16, w in its format, y f32; no aliasing. Bound by tensor cores: weights go from memory
// to registers once for 64 rows; x goes through shared memory, two groups of columns in turns, so
// that copies hide behind products. Sums: matmul_unit.h, the same bits as matmul_small.h.

#pragma once

#include "cuda/matmul_unit.h"

namespace fathom::cuda {

inline constexpr int kLargeWarps = 4;
inline constexpr int kLargeThreads = kLargeWarps * kWarpSize;
inline constexpr int kOutputTilesPerWarp = 2;
inline constexpr int kLargeOutputs = kLargeWarps * kOutputTilesPerWarp * kTileOutputs;
inline constexpr int kRowTiles = kLargeTile / 8;

/// A group of columns of 64 rows. Rows are 320 bytes apart, so that the 8 threads that read at once
/// (two rows, four threads each) meet different banks.
struct XGroup {
  uint4 numbers[kLargeTile][20];  // [row][unit * 4 + thread], 16 used
  float sums[kLargeTile][kUnitsPerGroup * 2];
};
struct LargeStorage {
  XGroup groups[2];
  int64_t x_rows[kLargeTile];
};

template <DType kType>
__device__ __forceinline__ void copy_group(XGroup& to, const MatmulTask& task,
                                           const int64_t* x_rows, int n, int group) {
  constexpr int kPieces = 16;  // of 16 bytes in a row
  for (int i = threadIdx.x; i < kLargeTile * kPieces; i += kLargeThreads) {
    const int row = i / kPieces, piece = i % kPieces;
    copy_async_16(&to.numbers[row][piece],
                  task.x.numbers + (x_rows[row] * task.x.n_groups + group) * kPieces + piece,
                  row < n);
  }
  if constexpr (has_minima(format_of(kType).scales)) {
    const int row = threadIdx.x / 2, piece = threadIdx.x % 2;
    copy_async_16(&to.sums[row][4 * piece],
                  task.x.sums + (x_rows[row] * task.x.n_groups + group) * 8 + 4 * piece, row < n);
  }
}

template <DType kType>
__device__ __forceinline__ UnitSums sums_at(const XGroup& x, int row, int unit) {
  UnitSums sums = {};
  if constexpr (has_minima(format_of(kType).scales)) {
    for (int i = 0; i < 2; ++i)
      for (int half = 0; half < 2; ++half) sums.of[i][half] = x.sums[row + i][2 * unit + half];
  }
  return sums;
}

using Sums16x64 = float[kRowTiles][4];

template <DType kType>
__device__ __forceinline__ void multiply_group(Sums16x64& c, const WeightTile<kType>& tile,
                                               const XGroup& x, int g, int t) {
#pragma unroll
  for (int unit = 0; unit < kUnitsPerGroup; ++unit) {
    const UnitNumbers<kType> a[2] = {unit_numbers<kType>(tile.numbers[0], unit),
                                     unit_numbers<kType>(tile.numbers[1], unit)};
#pragma unroll
    for (int rows = 0; rows < kRowTiles; ++rows)
      multiply_unit(c[rows], tile, a, unit, x.numbers[8 * rows + g][4 * unit + t],
                    sums_at<kType>(x, 8 * rows + 2 * t, unit));
  }
}

__device__ __forceinline__ void end_slice(Sums16x64 (&total)[kOutputTilesPerWarp],
                                          Sums16x64 (&c)[kOutputTilesPerWarp], bool is_first) {
#pragma unroll
  for (int i = 0; i < kOutputTilesPerWarp; ++i)
#pragma unroll
    for (int j = 0; j < kRowTiles; ++j)
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        total[i][j][k] = is_first ? c[i][j][k] : total[i][j][k] + c[i][j][k];
        c[i][j][k] = 0.0f;
      }
}

template <DType kType>
__global__ void __launch_bounds__(kLargeThreads) matmul_large_kernel(MatmulTask task) {
  wait_for_earlier_kernels();
  const BlockRows rows = rows_of_block(task, blockIdx.y, blockIdx.z, kLargeTile);
  if (rows.n <= 0) return;  // the whole block

  LargeStorage& storage = shared_storage<LargeStorage>();
  if (threadIdx.x < kLargeTile) {
    const int index = min(static_cast<int>(threadIdx.x), rows.n - 1);
    storage.x_rows[threadIdx.x] = packed_row(task, rows, item_of(task, rows, index));
  }
  __syncthreads();

  const int warp = threadIdx.x / kWarpSize, lane = threadIdx.x % kWarpSize;
  const int g = lane / 4, t = lane % 4;
  const int first_output = blockIdx.x * kLargeOutputs + warp * (kOutputTilesPerWarp * kTileOutputs);
  const int64_t first_row = static_cast<int64_t>(rows.matrix) * task.w.rows + first_output + g;
  const int64_t end = static_cast<int64_t>(rows.matrix + 1) * task.w.rows;

  Sums16x64 total[kOutputTilesPerWarp] = {}, c[kOutputTilesPerWarp] = {};
  const int n_groups = task.w.n_groups;
  int slice = 0;
  copy_group<kType>(storage.groups[0], task, storage.x_rows, rows.n, 0);
  commit_copies();
  for (int group = 0; group < n_groups; ++group) {
    if (group + 1 < n_groups)
      copy_group<kType>(storage.groups[(group + 1) % 2], task, storage.x_rows, rows.n, group + 1);
    commit_copies();
    wait_for_copies<1>();
    __syncthreads();
#pragma unroll
    for (int i = 0; i < kOutputTilesPerWarp; ++i) {
      const WeightTile<kType> tile =
          load_tile<kType>(task.w, first_row + i * kTileOutputs, end, group, t);
      multiply_group(c[i], tile, storage.groups[group % 2], g, t);
    }
    __syncthreads();  // before the group after next is copied over this one
    while (slice < kSlices && slice_begin(n_groups, slice + 1) <= group + 1)
      end_slice(total, c, slice++ == 0);
  }

#pragma unroll
  for (int i = 0; i < kOutputTilesPerWarp; ++i)
#pragma unroll
    for (int j = 0; j < kRowTiles; ++j)
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        const int output = first_output + i * kTileOutputs + g + 8 * (k / 2);
        const int index = 8 * j + 2 * t + k % 2;
        if (output < task.w.rows && index < rows.n)
          output_row(task, rows, item_of(task, rows, index))[output] = total[i][j][k];
      }
}

}  // namespace fathom::cuda
