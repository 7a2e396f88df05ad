// exp(x) for vectors, relative error below 2^-22.
//
// x = n ln 2 + f with |f| <= ln 2 / 2, so exp(x) = 2^n exp(f); the polynomial is that of expf in
// Moshier's Cephes library. Results below 2^-126 and above 2^127 become about those; NaN stays NaN.

#pragma once

#include "engine/cpu/kernels/simd.h"

namespace fathom::engine::cpu::FATHOM_ISA {

inline F32 exp(F32 x) {
  // In this order of arguments max and min hand a NaN on.
  x = min(broadcast(88.0f), max(broadcast(-87.3f), x));
  const F32 n = round(mul(x, broadcast(1.44269504f)));
  F32 f = fnma(n, broadcast(0.693359375f), x);  // ln 2 in two parts: the first is exact
  f = fnma(n, broadcast(-2.12194440e-4f), f);
  F32 p = broadcast(1.9875691500e-4f);
  p = fma(p, f, broadcast(1.3981999507e-3f));
  p = fma(p, f, broadcast(8.3334519073e-3f));
  p = fma(p, f, broadcast(4.1665795894e-2f));
  p = fma(p, f, broadcast(1.6666665459e-1f));
  p = fma(p, f, broadcast(5.0000001201e-1f));
  p = fma(p, mul(f, f), f);
  return mul(add(p, broadcast(1.0f)), pow2(n));
}

}  // namespace fathom::engine::cpu::FATHOM_ISA
