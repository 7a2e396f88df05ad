// The angle of rotary position embedding.

#pragma once

#include "cuda/device.h"
#include "cuda/ops.h"

namespace fathom::cuda {

/// (cos, sin) of a pair's angle in a row, times magnitude. An angle of a long text has no room in
/// f32: it is reduced to [-pi, pi] in f64, and rounded then.
__device__ __forceinline__ float2 turn_of(const RopeAngles& angles, int row, int pair) {
  constexpr double kTurn = 6.283185307179586476925;
  const double angle =
      static_cast<double>(angles.inverse_frequencies[pair]) * angles.positions[row];
  const auto reduced = static_cast<float>(angle - rint(angle / kTurn) * kTurn);
  return {cosf(reduced) * angles.magnitude, sinf(reduced) * angles.magnitude};
}

/// Turns pair `pair` of a head of n_pairs.
__device__ __forceinline__ void turn_pair(float* head, int pair, int n_pairs, bool interleaved,
                                          float2 turn) {
  float& first = head[interleaved ? 2 * pair : pair];
  float& second = head[interleaved ? 2 * pair + 1 : pair + n_pairs];
  const float a = first, b = second;
  first = a * turn.x - b * turn.y;
  second = a * turn.y + b * turn.x;
}

}  // namespace fathom::cuda
