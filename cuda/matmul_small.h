// y = x times the transpose of w for few rows: a block of 8 warps has 16 outputs and 8 rows of x, a
// warp one slice of the columns.
//
// x packed bf16, w in its format, y f32; no aliasing. Bound by memory: each weight is read once
// from DRAM by at most kSmallTile rows at a time, 16 bytes a load. Sums: matmul_unit.h.

#pragma once

#include "cuda/matmul_unit.h"

namespace fathom::cuda {

/// Tasks that are computed by one launch: one, or two of the same shape (gate and up).
struct MatmulTasks {
  MatmulTask tasks[2];
  int n = 1;
};

struct SmallSums {
  float4 of[kSlices][kWarpSize];
};

template <DType kType>
__device__ __forceinline__ UnitSums load_sums(const PackedRows& x, const int64_t (&rows)[2],
                                              int group, int unit) {
  UnitSums sums = {};
  if constexpr (has_minima(format_of(kType).scales)) {
    for (int i = 0; i < 2; ++i) {
      const float* at = x.sums + ((rows[i] * x.n_groups + group) * kUnitsPerGroup + unit) * 2;
      sums.of[i][0] = at[0];
      sums.of[i][1] = at[1];
    }
  }
  return sums;
}

template <DType kType>
__global__ void __launch_bounds__(kSlices* kWarpSize) matmul_small_kernel(MatmulTasks all) {
  const int n_matrices = is_chosen(all.tasks[0].choice) ? 1 : all.tasks[0].n_matrices;
  const MatmulTask& task = all.tasks[blockIdx.z / n_matrices];
  const BlockRows rows = rows_of_block(task, blockIdx.y, blockIdx.z % n_matrices, kSmallTile);
  if (rows.n <= 0) return;  // the whole block

  const int slice = threadIdx.x / kWarpSize, lane = threadIdx.x % kWarpSize;
  const int g = lane / 4, t = lane % 4;
  const int first_output = blockIdx.x * kTileOutputs;
  const int64_t end = static_cast<int64_t>(rows.matrix + 1) * task.w.rows;
  const int64_t weight_row = static_cast<int64_t>(rows.matrix) * task.w.rows + first_output + g;

  // Rows that are not there are computed as the last one, and not written.
  const auto x_row = [&](int index) {
    return packed_row(task, rows, item_of(task, rows, min(index, rows.n - 1)));
  };
  const int64_t my_x = x_row(g);
  const int64_t sum_rows[2] = {x_row(2 * t), x_row(2 * t + 1)};

  float c[4] = {};
  const int last_group = slice_begin(task.w.n_groups, slice + 1);
  for (int group = slice_begin(task.w.n_groups, slice); group < last_group; ++group) {
    const WeightTile<kType> tile = load_tile<kType>(task.w, weight_row, end, group, t);
    const uint4* x = task.x.numbers + (my_x * task.x.n_groups + group) * (kUnitsPerGroup * 4) + t;
    for (int unit = 0; unit < kUnitsPerGroup; ++unit) {
      const UnitNumbers<kType> a[2] = {unit_numbers<kType>(tile.numbers[0], unit),
                                       unit_numbers<kType>(tile.numbers[1], unit)};
      multiply_unit(c, tile, a, unit, __ldg(x + 4 * unit),
                    load_sums<kType>(task.x, sum_rows, group, unit));
    }
  }

  SmallSums& sums = shared_storage<SmallSums>();
  sums.of[slice][lane] = {c[0], c[1], c[2], c[3]};
  __syncthreads();
  if (slice > 0) return;
  for (int i = 1; i < kSlices; ++i) {
    const float4 part = sums.of[i][lane];
    c[0] += part.x;
    c[1] += part.y;
    c[2] += part.z;
    c[3] += part.w;
  }
  for (int i = 0; i < 4; ++i) {
    const int output = first_output + g + 8 * (i / 2);
    const int index = 2 * t + i % 2;
    if (output < task.w.rows && index < rows.n)
      output_row(task, rows, item_of(task, rows, index))[output] = c[i];
  }
}

}  // namespace fathom::cuda
