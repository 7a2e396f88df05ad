// The gate of the feed-forward operations of the reference.

#pragma once

#include <algorithm>
#include <cmath>

namespace fathom::engine::reference {

/// silu(min(gate, limit)) * clamp(up, -limit, limit) in f64; NaN stays NaN.
inline float silu_mul(float gate, float up, float limit) {
  const double g = gate > limit ? limit : gate;
  const double u = std::clamp(up, -limit, limit);
  return static_cast<float>(g / (1.0 + std::exp(-g)) * u);
}

}  // namespace fathom::engine::reference
