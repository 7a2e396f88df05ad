// Views of activations: f32 numbers in memory that a Backend owns.
//
// Plain values, cheap to copy, owning nothing. `data` is an address of the backend's device; only
// code of that backend (and tests on host backends) may follow it.

#pragma once

#include <cstdint>

#include "engine/base/assert.h"

namespace fathom::engine {

/// One slice of each row, seen as heads: head h of row r is at
/// data + r * row_stride + h * head_stride and has `dim` numbers.
struct Heads {
  float* data = nullptr;
  int rows = 0;
  int64_t row_stride = 0;
  int n_heads = 0;
  int head_stride = 0;
  int dim = 0;

  float* at(int64_t row, int head) const {
    return data + row * row_stride + int64_t{head} * head_stride;
  }

  /// Numbers [begin, begin + n) of every head.
  Heads columns(int begin, int n) const {
    FATHOM_ASSERT(begin >= 0 && n >= 0 && begin + n <= dim);
    return {data + begin, rows, row_stride, n_heads, head_stride, n};
  }
};

/// [rows, cols]; the numbers of a row are neighbours, rows are `stride` numbers apart.
struct Tensor {
  float* data = nullptr;
  int rows = 0;
  int cols = 0;
  int64_t stride = 0;

  float* row(int64_t index) const { return data + index * stride; }

  /// The first `n` rows.
  Tensor first_rows(int n) const {
    FATHOM_ASSERT(n >= 0 && n <= rows);
    return {data, n, cols, stride};
  }

  /// Columns [begin, begin + n) of every row.
  Tensor columns(int begin, int n) const {
    FATHOM_ASSERT(begin >= 0 && n >= 0 && begin + n <= cols);
    return {data + begin, rows, n, stride};
  }

  /// Each row cut into `n_heads` equal heads, of which the view shows `dim` numbers from `offset`.
  Heads heads(int n_heads, int offset, int dim) const {
    FATHOM_ASSERT(n_heads > 0 && cols % n_heads == 0 && offset + dim <= cols / n_heads);
    return {data + offset, rows, stride, n_heads, cols / n_heads, dim};
  }
  Heads heads(int n_heads) const { return heads(n_heads, 0, cols / n_heads); }
};

}  // namespace fathom::engine
