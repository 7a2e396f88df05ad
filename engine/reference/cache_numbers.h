// Reads the KV cache as f32, whatever it keeps.

#pragma once

#include <vector>

#include "engine/cache_rows.h"
#include "engine/quant/dequantize.h"

namespace fathom::engine::reference {

/// Threads: one.
class CacheNumbers final {
 public:
  /// Columns [column, column + n) of a row; valid until the next call.
  const float* read(const CacheRows& cache, int64_t row, int column, int n) {
    const std::byte* bytes = cache.at(row, column);
    if (cache.dtype == DType::f32) return reinterpret_cast<const float*>(bytes);
    numbers_.resize(n);
    dequantize(cache.dtype, {bytes, static_cast<size_t>(cache.bytes_of(n))}, numbers_);
    return numbers_.data();
  }

 private:
  std::vector<float> numbers_;
};

}  // namespace fathom::engine::reference
