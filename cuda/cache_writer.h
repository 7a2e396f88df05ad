// Writing rows of the KV cache in its type: rounded as engine/quant/quantize.h does, the same bits.

#pragma once

#include <cstddef>

#include "cuda/device.h"
#include "engine/cache_rows.h"
#include "engine/dtype.h"

namespace fathom::cuda {

__device__ __forceinline__ void write_q8_0(std::byte* block, float x, int lane) {
  const float largest = warp_max(fabsf(x));
  const float d = largest / 127;
  const float inverse = d >= 0x1p-126f ? 1.0f / d : 0.0f;  // as the host's
  auto* numbers = reinterpret_cast<int8_t*>(block + 2);
  numbers[lane] = static_cast<int8_t>(static_cast<int>(roundf(x * inverse)));
  if (lane == 0) *reinterpret_cast<uint16_t*>(block) = f32_to_f16(d);
}

/// By a warp: numbers [first, first + 32) of x [cols] to columns from column + first on.
__device__ __forceinline__ void write_to_cache(const engine::CacheRows& cache, int slot, int column,
                                               const float* x, int cols, int first, int lane) {
  using engine::DType;
  std::byte* row = cache.data + slot * cache.stride;
  const int i = first + lane;
  const float number = i < cols ? x[i] : 0.0f;
  if (cache.dtype == DType::q8_0) {
    write_q8_0(row + (column + first) / 32 * 34, number, lane);
  } else if (i < cols) {
    if (cache.dtype == DType::f32)
      reinterpret_cast<float*>(row)[column + i] = number;
    else
      reinterpret_cast<uint16_t*>(row)[column + i] = static_cast<uint16_t>(to_bf16x2(number, 0.0f));
  }
}

}  // namespace fathom::cuda
