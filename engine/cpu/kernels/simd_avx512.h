// Vectors of AVX-512 (F, BW, DQ, VL), with VNNI where FATHOM_ISA_VNNI is set. The same names and
// meaning as simd_avx2.h; included by one .cpp only, which sets FATHOM_ISA.

#pragma once

#include <cstdint>

#include <immintrin.h>

namespace fathom::engine::cpu::FATHOM_ISA {

constexpr int kLanes = 16;
constexpr int kQuantTile = 8;  // rows that share unpacked weights
constexpr int kFloatTile = 4;
constexpr int kValueWides = 4;  // columns of values, in 16s, that attention sums at once

using F32 = __m512;
using I32 = __m512i;  // also 64 bytes

inline F32 zero() { return _mm512_setzero_ps(); }
inline F32 broadcast(float x) { return _mm512_set1_ps(x); }
inline F32 load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, F32 x) { _mm512_storeu_ps(p, x); }
inline F32 load_first(const float* p, int n) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p);
}
inline void store_first(float* p, F32 x, int n) {
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1), x);
}
inline F32 add(F32 a, F32 b) { return _mm512_add_ps(a, b); }
inline F32 sub(F32 a, F32 b) { return _mm512_sub_ps(a, b); }
inline F32 mul(F32 a, F32 b) { return _mm512_mul_ps(a, b); }
inline F32 div(F32 a, F32 b) { return _mm512_div_ps(a, b); }
inline F32 max(F32 a, F32 b) { return _mm512_max_ps(a, b); }
inline F32 min(F32 a, F32 b) { return _mm512_min_ps(a, b); }
inline F32 fma(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a, b, c); }
inline F32 fnma(F32 a, F32 b, F32 c) { return _mm512_fnmadd_ps(a, b, c); }
inline F32 round(F32 x) {
  return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/// 2^x for whole numbers x from -126 to 127.
inline F32 pow2(F32 x) {
  const I32 biased = _mm512_add_epi32(_mm512_cvtps_epi32(x), _mm512_set1_epi32(127));
  return _mm512_castsi512_ps(_mm512_slli_epi32(biased, 23));
}

inline F32 load_f16(const void* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
}
inline F32 load_bf16(const void* p) {
  const I32 bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
  return _mm512_castsi512_ps(_mm512_slli_epi32(bits, 16));
}
/// FP8 e4m3 as f16 with the exponent's bias of that: 2^-8 of the number. NaN stays NaN.
inline F32 load_f8(const void* p) {
  const __m256i x = _mm256_cvtepi8_epi16(_mm_loadu_si128(static_cast<const __m128i*>(p)));
  const __m256i bits = _mm256_and_si256(_mm256_slli_epi16(x, 7), _mm256_set1_epi16(-0x4080));
  const __m256i largest = _mm256_set1_epi16(0x3f80);
  const __m256i is_nan = _mm256_cmpeq_epi16(_mm256_and_si256(bits, largest), largest);
  const __m256i nan = _mm256_and_si256(is_nan, _mm256_set1_epi16(0x7e00));
  return _mm512_cvtph_ps(_mm256_or_si256(bits, nan));
}
inline F32 load_u8(const void* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))));
}
inline F32 load_i8(const void* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))));
}
inline F32 load_low_nibbles(const void* p) {
  const I32 bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)));
  return _mm512_cvtepi32_ps(_mm512_and_si512(bytes, _mm512_set1_epi32(15)));
}
inline F32 load_high_nibbles(const void* p) {
  const I32 bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)));
  return _mm512_cvtepi32_ps(_mm512_srli_epi32(bytes, 4));
}
/// 2^(e - 128) of bytes e; the first two are subnormal (mxfp4_scale() in engine/quant/blocks.h).
inline F32 load_exponents(const void* p) {
  const I32 one = _mm512_set1_epi32(1);
  const I32 e = _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)));
  const I32 normal = _mm512_slli_epi32(_mm512_sub_epi32(e, one), 23);
  const I32 subnormal = _mm512_slli_epi32(_mm512_add_epi32(_mm512_min_epi32(e, one), one), 21);
  return _mm512_castsi512_ps(_mm512_max_epi32(normal, subnormal));
}
inline F32 to_f32(I32 x) { return _mm512_cvtepi32_ps(x); }

inline I32 load_bytes(const void* p) { return _mm512_loadu_si512(p); }
inline I32 broadcast_i32(int32_t x) { return _mm512_set1_epi32(x); }
inline I32 add_i32(I32 a, I32 b) { return _mm512_add_epi32(a, b); }
template <int kBits>
inline I32 shift_right_i32(I32 x) {
  return _mm512_srai_epi32(x, kBits);
}
/// Shift and keep: (x << kBits) & mask in every byte; kBits < 0 shifts right.
template <int kBits>
inline I32 shift_and(I32 x, uint8_t mask) {
  const I32 masks = _mm512_set1_epi8(static_cast<char>(mask));
  if constexpr (kBits >= 0) return _mm512_and_si512(_mm512_slli_epi16(x, kBits), masks);
  return _mm512_and_si512(_mm512_srli_epi16(x, -kBits), masks);
}
/// The same 16 bytes in every 16, for look_up().
inline I32 broadcast_16_bytes(const uint8_t* p) {
  return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
/// Bytes of a table of 16, by indices below 16.
inline I32 look_up(I32 table, I32 indices) { return _mm512_shuffle_epi8(table, indices); }
inline I32 bit_or(I32 a, I32 b) { return _mm512_or_si512(a, b); }

/// q[4 g .. 4 g + 3] in every lane. Read as one number: a copy would go through a register.
inline I32 broadcast_group(const int8_t* q, int g) {
  using Group [[gnu::may_alias, gnu::aligned(1)]] = int32_t;
  return _mm512_set1_epi32(reinterpret_cast<const Group*>(q)[g]);
}

/// sum[lane] += w[g] bytes 4 lane .. 4 lane + 3 (unsigned, < 2^kBits) times q[4 g .. 4 g + 3], over
/// g = 0 to 3. Exact.
template <int kBits>
inline I32 dot(I32 sum, const I32* w, const int8_t* q) {
#ifdef FATHOM_ISA_VNNI
  for (int g = 0; g < 4; ++g) {
    sum = _mm512_dpbusd_epi32(sum, w[g], broadcast_group(q, g));
  }
  return sum;
#else
  const I32 ones = _mm512_set1_epi16(1);
  if constexpr (kBits <= 5) {  // 4 * 2 * 31 * 127 < 2^15
    I32 pairs = _mm512_maddubs_epi16(w[0], broadcast_group(q, 0));
    for (int g = 1; g < 4; ++g) {
      pairs = _mm512_add_epi16(pairs, _mm512_maddubs_epi16(w[g], broadcast_group(q, g)));
    }
    return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, ones));
  } else {  // 2 * 2 * 63 * 127 < 2^15
    static_assert(kBits == 6);
    for (int g = 0; g < 4; g += 2) {
      const I32 pairs = _mm512_add_epi16(_mm512_maddubs_epi16(w[g], broadcast_group(q, g)),
                                         _mm512_maddubs_epi16(w[g + 1], broadcast_group(q, g + 1)));
      sum = _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, ones));
    }
    return sum;
  }
#endif
}

/// Sums of (w - 128) * q over the 4 groups; minus_128_sum is -128 * the sum of q. Exact.
inline I32 dot_minus_128(const I32* w, const int8_t* q, int32_t minus_128_sum) {
  I32 sum = _mm512_set1_epi32(minus_128_sum);
#ifdef FATHOM_ISA_VNNI
  for (int g = 0; g < 4; ++g) sum = _mm512_dpbusd_epi32(sum, w[g], broadcast_group(q, g));
#else
  for (int g = 0; g < 4; ++g) {  // a pair of bytes would not fit 16 bits: even and odd bytes apart
    const I32 a = broadcast_group(q, g);
    const I32 a_even = _mm512_srai_epi16(_mm512_slli_epi16(a, 8), 8);
    const I32 a_odd = _mm512_srai_epi16(a, 8);
    const I32 w_even = _mm512_and_si512(w[g], _mm512_set1_epi16(255));
    const I32 w_odd = _mm512_srli_epi16(w[g], 8);
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(w_even, a_even));
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(w_odd, a_odd));
  }
#endif
  return sum;
}

/// Largest of the 32 bit patterns of |x|.
inline uint32_t largest_magnitude(const float* x) {
  const I32 mask = _mm512_set1_epi32(0x7fffffff);
  const I32 a = _mm512_and_si512(_mm512_castps_si512(load(x)), mask);
  const I32 b = _mm512_and_si512(_mm512_castps_si512(load(x + 16)), mask);
  return static_cast<uint32_t>(_mm512_reduce_max_epi32(_mm512_max_epi32(a, b)));
}

/// q[i] = x[i] * factor, rounded to nearest even, for 16 numbers; returns their sum.
inline int32_t quantize16(int8_t* q, const float* x, float factor) {
  const I32 rounded = _mm512_cvtps_epi32(mul(load(x), broadcast(factor)));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(q), _mm512_cvtepi32_epi8(rounded));
  return _mm512_reduce_add_epi32(rounded);
}

// 16 numbers that are summed across: the same in every instruction set, whatever its lanes.
struct Wide {
  F32 v;
};
inline Wide wide_zero() { return {zero()}; }
inline Wide wide_broadcast(float x) { return {broadcast(x)}; }
inline Wide wide_load(const float* p) { return {load(p)}; }
inline Wide wide_load_bf16(const uint16_t* p) { return {load_bf16(p)}; }
inline Wide wide_load_i8(const uint8_t* p) { return {load_i8(p)}; }
inline Wide wide_load_first(const float* p, int n) { return {load_first(p, n)}; }
inline void wide_store(float* p, Wide x) { store(p, x.v); }
inline void wide_store_first(float* p, Wide x, int n) { store_first(p, x.v, n); }
inline Wide add(Wide a, Wide b) { return {add(a.v, b.v)}; }
inline Wide mul(Wide a, Wide b) { return {mul(a.v, b.v)}; }
inline Wide fma(Wide a, Wide b, Wide c) { return {fma(a.v, b.v, c.v)}; }

/// Sums of 16 vectors: result[i] is the sum of sums[i], added in the order of distances 8, 4, 2, 1.
inline void sum_16(float* result, const Wide* sums) {
  F32 x[8];
  for (int i = 0; i < 8; ++i) {  // x[i]: [sums[i] halves added | sums[i + 8] halves added]
    const F32 a = sums[i].v;
    const F32 b = sums[i + 8].v;
    x[i] = add(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
  }
  F32 y[4];
  for (int i = 0; i < 4; ++i) {  // quarters: i, i + 8, i + 4, i + 12
    y[i] =
        add(_mm512_shuffle_f32x4(x[i], x[i + 4], 0x88), _mm512_shuffle_f32x4(x[i], x[i + 4], 0xdd));
  }
  F32 z[2];
  for (int i = 0; i < 2; ++i) {
    z[i] = add(_mm512_shuffle_ps(y[i], y[i + 2], 0x44), _mm512_shuffle_ps(y[i], y[i + 2], 0xee));
  }
  const F32 s = add(_mm512_shuffle_ps(z[0], z[1], 0x88), _mm512_shuffle_ps(z[0], z[1], 0xdd));
  // Quarter q of s: sums base(q) + 0, 2, 1, 3 with base = 0, 8, 4, 12.
  const I32 order = _mm512_setr_epi32(0, 2, 1, 3, 8, 10, 9, 11, 4, 6, 5, 7, 12, 14, 13, 15);
  store(result, _mm512_permutexvar_ps(order, s));
}

inline float sum_1(Wide x) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(x.v), _mm512_extractf32x8_ps(x.v, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

}  // namespace fathom::engine::cpu::FATHOM_ISA
