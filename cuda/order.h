// Scores as whole numbers of the same order.

#pragma once

#include "cuda/device.h"

namespace fathom::cuda {

/// NaN, which compares with nothing, comes last; then -infinity; -0 counts as 0.
__device__ __forceinline__ uint32_t order_of(float score) {
  if (score != score) return 0;
  const uint32_t bits = __float_as_uint(score + 0.0f);
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

/// What order_of() made this order of.
__device__ __forceinline__ float score_of(uint32_t order) {
  return __uint_as_float((order & 0x80000000u) != 0 ? order ^ 0x80000000u : ~order);
}

}  // namespace fathom::cuda
