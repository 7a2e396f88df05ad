// The gate of the feed-forward operations.

#pragma once

#include "cuda/device.h"

namespace fathom::cuda {

/// silu(min(gate, limit)) * clamp(up, -limit, limit); NaN stays NaN.
__device__ __forceinline__ float silu_mul(float gate, float up, float limit) {
  const float g = gate > limit ? limit : gate;
  const float u = up > limit ? limit : up < -limit ? -limit : up;
  return g / (1.0f + expf(-g)) * u;
}

}  // namespace fathom::cuda
