// The arithmetic of all matrix products with weights of at most 16 bits: 16 outputs, 8 rows of x,
// 32 columns, by tensor cores. Every kernel adds up units in the same order, so that a row of y has
// the same bits whichever kernel computes it and whatever else it computes:
//   y = sum over 8 slices of the columns (in order) of
//         sum over the slice's units (in order) of scale * (numbers . x) - minimum * sum of x
// with products in bf16 x bf16, which is exact, and sums in f32.

#pragma once

#include "cuda/matmul_task.h"
#include "cuda/weight_formats.h"
#include "cuda/weight_scales.h"

namespace fathom::cuda {

inline constexpr int kSlices = 8;

/// First group of a slice; slice kSlices is the end.
__device__ __forceinline__ int slice_begin(int n_groups, int slice) {
  return n_groups * slice / kSlices;
}

/// A thread's numbers and scales of a group in the two rows of a fragment that are its own: g and
/// g + 8 with g = lane / 4.
template <DType kType>
struct WeightTile {
  GroupNumbers<kType> numbers[2];
  GroupScales scales[2];
};

/// `row` counts through all matrices; rows from `end` on are read as the last one.
template <DType kType>
__device__ __forceinline__ WeightTile<kType> load_tile(const WeightView& w, int64_t row,
                                                       int64_t end, int group, int t) {
  WeightTile<kType> tile;
  for (int i = 0; i < 2; ++i) {
    const int64_t at = row + 8 * i < end ? row + 8 * i : end - 1;
    tile.numbers[i] = load_numbers<kType>(w, at, group, t);
    tile.scales[i] = load_scales<format_of(kType).scales>(w, at, group);
  }
  return tile;
}

/// Sums of x for the thread's two columns of the result, [column][half].
struct UnitSums {
  float of[2][2];
};

template <DType kType>
__device__ __forceinline__ void multiply_step(float (&c)[4], const UnitNumbers<kType> (&a)[2],
                                              int half, const uint4& x) {
  const uint32_t b0 = half == 0 ? x.x : x.z, b1 = half == 0 ? x.y : x.w;
  const int p = 2 * half;
  mma_bf16(c, {a[0].pairs[p], a[1].pairs[p], a[0].pairs[p + 1], a[1].pairs[p + 1]}, b0, b1);
  if constexpr (UnitNumbers<kType>::kHasRest)
    mma_bf16(c, {a[0].rest[p], a[1].rest[p], a[0].rest[p + 1], a[1].rest[p + 1]}, b0, b1);
}

__device__ __forceinline__ void add_scaled(float (&c)[4], const float (&part)[4], float first,
                                           float second) {
  c[0] = fmaf(first, part[0], c[0]);
  c[1] = fmaf(first, part[1], c[1]);
  c[2] = fmaf(second, part[2], c[2]);
  c[3] = fmaf(second, part[3], c[3]);
}

__device__ __forceinline__ void subtract_minima(float (&c)[4], float first, float second,
                                                float sum0, float sum1) {
  c[0] = fmaf(-first, sum0, c[0]);
  c[1] = fmaf(-first, sum1, c[1]);
  c[2] = fmaf(-second, sum0, c[2]);
  c[3] = fmaf(-second, sum1, c[3]);
}

/// c [16, 8] += unit `unit` of the tile times x.
template <DType kType>
__device__ __forceinline__ void multiply_unit(float (&c)[4], const WeightTile<kType>& tile,
                                              const UnitNumbers<kType> (&a)[2], int unit,
                                              const uint4& x, const UnitSums& sums) {
  constexpr ScaleKind kKind = format_of(kType).scales;
  if constexpr (kKind == ScaleKind::none) {
    multiply_step(c, a, 0, x);
    multiply_step(c, a, 1, x);
  } else if constexpr (!has_half_scales(kKind)) {
    float part[4] = {};
    multiply_step(part, a, 0, x);
    multiply_step(part, a, 1, x);
    add_scaled(c, part, scale_of<kKind>(tile.scales[0], unit, 0),
               scale_of<kKind>(tile.scales[1], unit, 0));
    if constexpr (has_minima(kKind))
      subtract_minima(c, minimum_of<kKind>(tile.scales[0], unit, 0),
                      minimum_of<kKind>(tile.scales[1], unit, 0), sums.of[0][0] + sums.of[0][1],
                      sums.of[1][0] + sums.of[1][1]);
  } else {
    for (int half = 0; half < 2; ++half) {
      float part[4] = {};
      multiply_step(part, a, half, x);
      add_scaled(c, part, scale_of<kKind>(tile.scales[0], unit, half),
                 scale_of<kKind>(tile.scales[1], unit, half));
      if constexpr (has_minima(kKind))
        subtract_minima(c, minimum_of<kKind>(tile.scales[0], unit, half),
                        minimum_of<kKind>(tile.scales[1], unit, half), sums.of[0][half],
                        sums.of[1][half]);
    }
  }
}

/// The rows that a block computes.
struct BlockRows {
  int matrix, first, n;
};

__device__ __forceinline__ BlockRows rows_of_block(const MatmulTask& task, int tile, int matrix,
                                                   int tile_rows) {
  if (task.choice.experts != nullptr) {
    const int chosen = task.choice.experts[tile] - task.choice.first_expert;
    return {chosen, tile, chosen >= 0 && chosen < task.w.count ? 1 : 0};
  }
  if (task.choice.tiles != nullptr) {
    const RowTile& chosen = task.choice.tiles[tile];
    return {chosen.matrix, chosen.first, chosen.n};
  }
  const int first = tile * tile_rows;
  return {matrix, first, min(tile_rows, task.n_rows - first)};
}

/// Row of y that is `index`th of the block's.
__device__ __forceinline__ int item_of(const MatmulTask& task, const BlockRows& rows, int index) {
  const int at = rows.first + index;
  return task.choice.items != nullptr ? task.choice.items[at] : at;
}

__device__ __forceinline__ int64_t packed_row(const MatmulTask& task, const BlockRows& rows,
                                              int item) {
  if (is_chosen(task.choice)) return item / task.choice.items_per_x;
  return static_cast<int64_t>(item) * task.x_step +
         static_cast<int64_t>(rows.matrix) * task.x_matrix_step;
}

__device__ __forceinline__ float* output_row(const MatmulTask& task, const BlockRows& rows,
                                             int item) {
  const int64_t shift = is_chosen(task.choice) ? 0 : rows.matrix * task.y_matrix_stride;
  return task.y + item * task.y_stride + shift;
}

}  // namespace fathom::cuda
