// Row-wise kernels: quantise, rms_norm, silu_mul, exp. All stream their arguments once or twice and
// are bound by the nearest cache.

#pragma once

#include "engine/cpu/kernels/exp.h"
#include "engine/cpu/kernels/simd.h"
#include "engine/cpu/quant_block.h"

namespace fathom::engine::cpu::FATHOM_ISA {

/// See QuantBlock. Rounds to nearest even; blocks of (nearly) nothing become zero.
inline void quantize(QuantBlock* out, const float* x, int n_blocks) {
  for (int block = 0; block < n_blocks; ++block, x += kQuantBlock, ++out) {
    const uint32_t bits = largest_magnitude(x);
    float largest = 0.0f;
    __builtin_memcpy(&largest, &bits, sizeof largest);
    const bool finite = bits < 0x7f800000u;
    // Below 1e-30 the factor 127 / largest would overflow sooner or later.
    const float factor = finite && largest >= 1e-30f ? 127.0f / largest : 0.0f;
    out->scale.d = !finite ? __builtin_nanf("") : factor > 0.0f ? largest / 127.0f : 0.0f;
    int32_t sums[2] = {};
    if (factor > 0.0f) {
      sums[0] = quantize16(out->q, x, factor);
      sums[1] = quantize16(out->q + 16, x + 16, factor);
    } else {
      __builtin_memset(out->q, 0, sizeof out->q);
    }
    out->scale.d_sum = out->scale.d * static_cast<float>(sums[0] + sums[1]);
    out->scale.minus_128_sum[0] = -128 * sums[0];
    out->scale.minus_128_sum[1] = -128 * sums[1];
  }
}

/// y = x / sqrt(mean(x^2) + eps) * weight; y may be x. Four f32 sums of 16 lanes: relative error
/// of the sum <= (n / 64 + 6) * 2^-24.
inline void rms_norm(float* y, const float* x, const float* weight, int n, float eps) {
  Wide sums[4] = {wide_zero(), wide_zero(), wide_zero(), wide_zero()};
  int i = 0;
  for (; i + 64 <= n; i += 64) {
    for (int j = 0; j < 4; ++j) {
      const Wide v = wide_load(x + i + 16 * j);
      sums[j] = fma(v, v, sums[j]);
    }
  }
  for (int j = 0; i < n; i += 16, ++j) {
    const Wide v = n - i >= 16 ? wide_load(x + i) : wide_load_first(x + i, n - i);
    sums[j] = fma(v, v, sums[j]);
  }
  const float sum = sum_1(add(add(sums[0], sums[1]), add(sums[2], sums[3])));
  const double mean = static_cast<double>(sum) / n + static_cast<double>(eps);
  const Wide scale = wide_broadcast(static_cast<float>(1.0 / __builtin_sqrt(mean)));
  for (i = 0; i + 16 <= n; i += 16) {
    wide_store(y + i, mul(mul(wide_load(x + i), scale), wide_load(weight + i)));
  }
  if (i < n) {
    const Wide v = mul(wide_load_first(x + i, n - i), scale);
    wide_store_first(y + i, mul(v, wide_load_first(weight + i, n - i)), n - i);
  }
}

inline F32 silu_mul(F32 gate, F32 up, F32 limit) {
  const F32 one = broadcast(1.0f);
  // In this order of arguments max and min hand a NaN on.
  gate = min(limit, gate);
  up = min(limit, max(sub(zero(), limit), up));
  return mul(div(gate, add(one, exp(sub(zero(), gate)))), up);
}

inline void silu_mul(float* y, const float* gate, const float* up, int n, float limit) {
  const F32 limits = broadcast(limit);
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, silu_mul(load(gate + i), load(up + i), limits));
  if (i < n) {
    const F32 tail = silu_mul(load_first(gate + i, n - i), load_first(up + i, n - i), limits);
    store_first(y + i, tail, n - i);
  }
}

inline void exp(float* y, const float* x, int n) {
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, exp(load(x + i)));
  if (i < n) store_first(y + i, exp(load_first(x + i, n - i)), n - i);
}

}  // namespace fathom::engine::cpu::FATHOM_ISA
