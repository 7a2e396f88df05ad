// How activations enter an integer matrix product.

#pragma once

#include <cstdint>

namespace fathom::engine::cpu {

/// What belongs to 32 numbers q as a whole.
struct QuantScale {
  float d;
  float d_sum;               // d * sum of q: what a weight's minimum is multiplied with
  int32_t minus_128_sum[2];  // of q[0..15], q[16..31]: turns w + 128 back into w (see panel.h)
};

/// 32 neighbouring numbers of a row: x[i] ~ d * q[i], |q| <= 127, d = max |x| / 127.
/// A block with a number that is not finite has d = NaN, so that every product with it is NaN.
struct QuantBlock {
  int8_t q[32];
  QuantScale scale;
};
static_assert(sizeof(QuantBlock) == 48);

inline constexpr int kQuantBlock = 32;

}  // namespace fathom::engine::cpu
