// y = x times the transpose of w for few rows: a block of 8 warps has 16 outputs and 8 rows of x, a
// warp one slice of the columns.
//
// x packed bf16, w in its format, y f32, or packed, or both; no aliasing. Bound by memory: each
// weight is read once from DRAM by at most kSmallTile rows at a time, 16 bytes a load. Sums:
// matmul_unit.h.

#pragma once

#include "cuda/gate.h"
#include "cuda/matmul.h"
#include "cuda/matmul_unit.h"
#include "cuda/pack_numbers.h"

namespace fathom::cuda {

/// Tasks of one format, which one launch computes: a block has 16 outputs of a tile of rows. Blocks
/// that read the same weights are neighbours.
struct SmallTasks {
  SmallTask tasks[kMaxSmallTasks];
  int first_block[kMaxSmallTasks + 1] = {};  // and the end of the last
  int n_tiles[kMaxSmallTasks] = {};          // of rows
  int n = 0;
};
static_assert(sizeof(SmallTasks) == kMaxSmallTasks * sizeof(SmallTask) + 8 * sizeof(int),
              "no gap at the end: see LaunchList");

struct SmallSums {
  float4 of[2][kSlices][kWarpSize];
  float y[kSmallTile][kTileOutputs + 1];  // the gap keeps lanes on different banks
};

/// Tiles of 16 outputs, with those that only pad packed rows.
constexpr int count_output_tiles(const SmallTask& task) {
  const int n = ceil_div(task.product.w.rows, kTileOutputs);
  constexpr int kTilesPerGroup = kGroup / kTileOutputs;
  const bool are_heads = !is_chosen(task.product.choice) && task.product.n_matrices > 1;
  if (task.packed_y.numbers == nullptr || are_heads) return n;
  return ceil_div(n, kTilesPerGroup) * kTilesPerGroup;
}

/// What a block computes.
struct SmallBlock {
  int task, tile, outputs, matrix;
};

__device__ __forceinline__ SmallBlock find_small_block(const SmallTasks& all) {
  SmallBlock block = {all.n - 1, 0, 0, 0};
  while (static_cast<int>(blockIdx.x) < all.first_block[block.task]) --block.task;
  const int n_tiles = all.n_tiles[block.task];
  const int n_outputs = count_output_tiles(all.tasks[block.task]);
  const int index = static_cast<int>(blockIdx.x) - all.first_block[block.task];
  block.tile = index % n_tiles;
  block.outputs = index / n_tiles % n_outputs;
  block.matrix = index / n_tiles / n_outputs;
  return block;
}

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

/// What a lane reads of x: one row of numbers, and the sums of two.
struct SmallX {
  const PackedRows& packed;
  int64_t row;
  int64_t sum_rows[2];
};

/// c += a slice of the columns of the weight's rows from `row` on; those from `end` on are read as
/// the last one.
template <DType kType>
__device__ __forceinline__ void multiply_slice(float (&c)[4], const WeightView& w, int64_t row,
                                               int64_t end, const SmallX& x, int slice, int t) {
  const int last_group = slice_begin(w.n_groups, slice + 1);
  for (int group = slice_begin(w.n_groups, slice); group < last_group; ++group) {
    const WeightTile<kType> tile = load_tile<kType>(w, row, end, group, t);
    const uint4* numbers =
        x.packed.numbers + (x.row * x.packed.n_groups + group) * (kUnitsPerGroup * 4) + t;
    for (int unit = 0; unit < kUnitsPerGroup; ++unit) {
      const UnitNumbers<kType> a[2] = {unit_numbers<kType>(tile.numbers[0], unit),
                                       unit_numbers<kType>(tile.numbers[1], unit)};
      multiply_unit(c, tile, a, unit, numbers[4 * unit],
                    load_sums<kType>(x.packed, x.sum_rows, group, unit));
    }
  }
}

/// Asks for what multiply_slice() will read of the numbers.
template <DType kType>
__device__ __forceinline__ void prefetch_slice(const WeightView& w, int64_t row, int64_t end,
                                               int slice, int t) {
  const int last_group = slice_begin(w.n_groups, slice + 1);
  for (int group = slice_begin(w.n_groups, slice); group < last_group; ++group)
    for (int i = 0; i < 2; ++i) {
      constexpr int kBytes = 16 * format_of(kType).low_bits;
      const int64_t at = row + 8 * i < end ? row + 8 * i : end - 1;
      for (int piece = 0; piece < kBytes; piece += 64)
        prefetch(w.low + (at * w.n_groups + group) * kBytes + piece + min(16, kBytes / 4) * t);
    }
}

/// c of slice 0 becomes the sum of all.
__device__ __forceinline__ void add_slices(float (&c)[4], const float4 (&sums)[kSlices][kWarpSize],
                                           int lane) {
  for (int i = 1; i < kSlices; ++i) {
    const float4 part = sums[i][lane];
    c[0] += part.x;
    c[1] += part.y;
    c[2] += part.z;
    c[3] += part.w;
  }
}

/// By a warp, which has c as fragments: rows of y are its columns.
__device__ __forceinline__ void pack_outputs(const SmallTask& task, const BlockRows& rows,
                                             int first_output, const float (&c)[4],
                                             SmallSums& storage, int lane) {
  for (int i = 0; i < 4; ++i) storage.y[2 * (lane % 4) + i % 2][lane / 4 + 8 * (i / 2)] = c[i];
  __syncwarp();
  const int index = lane / 4, column = 4 * (lane % 4);
  float y[4];
  for (int i = 0; i < 4; ++i) y[i] = storage.y[index][column + i];
  const int item = item_of(task.product, rows, min(index, rows.n - 1));
  const int shift = is_chosen(task.product.choice) ? 0 : rows.matrix * task.product.w.rows;
  store_packed(task.packed_y, item, shift + first_output + column, y, index < rows.n);
}

template <DType kType>
__global__ void __launch_bounds__(kSlices* kWarpSize) matmul_small_kernel(SmallTasks all) {
  const SmallBlock block = find_small_block(all);
  const SmallTask& task = all.tasks[block.task];
  const MatmulTask& product = task.product;
  const int slice = threadIdx.x / kWarpSize, lane = threadIdx.x % kWarpSize;
  const int g = lane / 4, t = lane % 4;
  const int n_outputs = product.w.rows;
  const int first_output = block.outputs * kTileOutputs;
  if (!is_chosen(product.choice) && first_output < n_outputs) {
    const int64_t first = static_cast<int64_t>(block.matrix) * n_outputs;
    prefetch_slice<kType>(product.w, first + first_output + g, first + n_outputs, slice, t);
    if (task.is_gated)
      prefetch_slice<kType>(task.up, first + first_output + g, first + n_outputs, slice, t);
  }
  wait_for_earlier_kernels();

  const BlockRows rows = rows_of_block(product, block.tile, block.matrix, kSmallTile);
  if (rows.n <= 0) return;  // the whole block
  const int64_t end = static_cast<int64_t>(rows.matrix + 1) * n_outputs;
  const int64_t weight_row = static_cast<int64_t>(rows.matrix) * n_outputs + first_output + g;

  // Rows that are not there are computed as the last one, and not written.
  const auto x_row = [&](int index) {
    return packed_row(product, rows, item_of(product, rows, min(index, rows.n - 1)));
  };
  const SmallX x = {product.x, x_row(g), {x_row(2 * t), x_row(2 * t + 1)}};

  SmallSums& sums = shared_storage<SmallSums>();
  float c[4] = {}, up[4] = {};
  if (first_output < n_outputs) {
    multiply_slice<kType>(c, product.w, weight_row, end, x, slice, t);
    if (task.is_gated) multiply_slice<kType>(up, task.up, weight_row, end, x, slice, t);
  }
  sums.of[0][slice][lane] = {c[0], c[1], c[2], c[3]};
  sums.of[1][slice][lane] = {up[0], up[1], up[2], up[3]};
  __syncthreads();
  if (slice > 0) return;

  add_slices(c, sums.of[0], lane);
  if (task.is_gated) add_slices(up, sums.of[1], lane);
  for (int i = 0; i < 4; ++i) {
    const int output = first_output + g + 8 * (i / 2);
    const int index = 2 * t + i % 2;
    if (output >= n_outputs) {
      c[i] = 0.0f;
      continue;
    }
    if (task.bias != nullptr) c[i] += task.bias[output];
    if (task.is_gated) c[i] = silu_mul(c[i], up[i], task.limit);
    if (product.y != nullptr && index < rows.n)
      output_row(product, rows, item_of(product, rows, index))[output] = c[i];
  }
  if (task.packed_y.numbers != nullptr) pack_outputs(task, rows, first_output, c, sums, lane);
}

}  // namespace fathom::cuda
