// Reading rows of the KV cache in kernels.

#pragma once

#include "cuda/device.h"
#include "engine/cache_rows.h"

namespace fathom::cuda {

/// Number `column` of a row that begins at `row`.
template <engine::DType kType>
__device__ __forceinline__ float cache_number(const std::byte* row, int column) {
  if constexpr (kType == engine::DType::f32) {
    return reinterpret_cast<const float*>(row)[column];
  } else if constexpr (kType == engine::DType::bf16) {
    return bf16_to_f32(reinterpret_cast<const uint16_t*>(row)[column]);
  } else {
    constexpr int kBlockBytes = 34;  // BlockQ8_0: f16 d, 32 int8
    const auto* block = reinterpret_cast<const uint8_t*>(row) + column / 32 * kBlockBytes;
    const float d = f16_to_f32(*reinterpret_cast<const uint16_t*>(block));
    return d * static_cast<float>(static_cast<int8_t>(block[2 + column % 32]));
  }
}

}  // namespace fathom::cuda
