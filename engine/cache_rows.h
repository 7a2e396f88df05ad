// Views of keys and values in the KV cache: rows of numbers of f32, bf16 or q8_0 in memory that a
// Backend owns. Plain values, as Tensor is.

#pragma once

#include <cstddef>

#include "engine/base/assert.h"
#include "engine/dtype.h"
#include "engine/tensor.h"

namespace fathom::engine {

/// [rows, cols]. Parts of a row begin and end at whole blocks of the type.
struct CacheRows {
  std::byte* data = nullptr;  // row 0, column 0
  DType dtype = DType::f32;
  int rows = 0;
  int cols = 0;
  int64_t stride = 0;  // bytes from a row to the next

  CacheRows() = default;
  /// f32.
  CacheRows(Tensor x)
      : data(reinterpret_cast<std::byte*>(x.data)),
        rows(x.rows),
        cols(x.cols),
        stride(x.stride * int64_t{sizeof(float)}) {}
  /// Rows without gaps; `cols` are whole blocks.
  CacheRows(void* memory, DType type, int n_rows, int n_cols)
      : data(static_cast<std::byte*>(memory)),
        dtype(type),
        rows(n_rows),
        cols(n_cols),
        stride(bytes_of(n_cols)) {}

  /// Bytes of `n` columns.
  int64_t bytes_of(int64_t n) const {
    const DTypeInfo& type = info(dtype);
    FATHOM_ASSERT(n % type.block_elements == 0);
    return n / type.block_elements * type.block_bytes;
  }
  std::byte* at(int64_t row, int column) const { return data + row * stride + bytes_of(column); }

  /// Columns [begin, begin + n) of every row.
  CacheRows columns(int begin, int n) const {
    FATHOM_ASSERT(begin >= 0 && n >= 0 && begin + n <= cols);
    CacheRows part = *this;
    part.data += bytes_of(begin);
    part.cols = n;
    return part;
  }

  /// The same as a tensor; only of f32.
  Tensor floats() const {
    FATHOM_ASSERT(dtype == DType::f32);
    return {reinterpret_cast<float*>(data), rows, cols, stride / int64_t{sizeof(float)}};
  }
};

}  // namespace fathom::engine
