// What a matrix product computes, as its kernels see it.

#pragma once

#include <cstdint>

#include "cuda/packed_rows.h"
#include "cuda/weight_view.h"

namespace fathom::cuda {

/// Rows that the kernels for few rows take at a time,
inline constexpr int kSmallTile = 8;
/// and those for many.
inline constexpr int kLargeTile = 64;
/// Outputs that are computed together, at least.
inline constexpr int kTileOutputs = 16;

/// Rows that one matrix of a stack meets together: items first .. first + n - 1 of a list.
struct RowTile {
  int32_t matrix;
  int32_t first;
  int32_t n;  // 0: nothing to do
};

/// Which rows meet which matrix. Without a choice, all rows meet each matrix, and matrix m has
/// columns of its own in x and y (heads). With one, item i is row i of y and row i / items_per_x of
/// x.
struct RowChoice {
  const RowTile* tiles = nullptr;  // of the list `items`
  const int32_t* items = nullptr;
  const int32_t* experts = nullptr;  // instead: item i meets the matrix of experts[i], alone
  int first_expert = 0;              // whose matrix is the first; others meet none
  int n_tiles = 0;                   // at most; items, if these are alone
  int tile_rows = 1;                 // of a tile, at most: 1, kSmallTile or kLargeTile
  int items_per_x = 1;
};

/// A struct of device and host, so without member functions.
constexpr bool is_chosen(const RowChoice& choice) {
  return choice.tiles != nullptr || choice.experts != nullptr;
}

/// y(r) = x(r) times the transpose of w.
struct MatmulTask {
  WeightView w;
  PackedRows x;                    // of quantised, f16 and bf16 weights: packed row r * x_step + m
  int x_step = 1;                  // packed rows from one row to the next
  int x_matrix_step = 0;           // and from one matrix to the next
  const float* plain_x = nullptr;  // of f32 weights
  int64_t plain_x_stride = 0, plain_x_matrix_stride = 0;
  float* y = nullptr;
  int64_t y_stride = 0, y_matrix_stride = 0;
  int n_rows = 0;      // of y
  int n_matrices = 1;  // without a choice
  RowChoice choice;
};

/// What the kernels for few rows do in the same pass, in this order.
struct SmallTask {
  MatmulTask product;
  const float* bias = nullptr;  // [w.rows], added to y
  bool is_gated = false;        // y = silu(min(y, limit)) * clamp(y of `up`, -limit, limit)
  float limit = 0;
  WeightView up;  // of the shape and format of w
  /// y as the next product reads it: of row r, matrix m has columns m * w.rows on. If there are
  /// several, these are multiples of kTileOutputs, and all of them together one of kGroup.
  /// product.y may be null, then. Without numbers: not wanted.
  PackedRows packed_y;
};

}  // namespace fathom::cuda
