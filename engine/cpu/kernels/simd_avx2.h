// Vectors of AVX2 with FMA and F16C. The same names and meaning as simd_avx512.h; included by one
// .cpp only, which sets FATHOM_ISA.

#pragma once

#include <cstdint>

#include <immintrin.h>

namespace fathom::engine::cpu::FATHOM_ISA {

constexpr int kLanes = 8;
constexpr int kQuantTile = 4;  // rows that share unpacked weights
constexpr int kFloatTile = 2;
constexpr int kValueWides = 1;  // columns of values, in 16s, that attention sums at once

using F32 = __m256;
using I32 = __m256i;  // also 32 bytes

inline F32 zero() { return _mm256_setzero_ps(); }
inline F32 broadcast(float x) { return _mm256_set1_ps(x); }
inline F32 load(const float* p) { return _mm256_loadu_ps(p); }
inline void store(float* p, F32 x) { _mm256_storeu_ps(p, x); }
inline I32 first_lanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline F32 load_first(const float* p, int n) { return _mm256_maskload_ps(p, first_lanes(n)); }
inline void store_first(float* p, F32 x, int n) { _mm256_maskstore_ps(p, first_lanes(n), x); }
inline F32 add(F32 a, F32 b) { return _mm256_add_ps(a, b); }
inline F32 sub(F32 a, F32 b) { return _mm256_sub_ps(a, b); }
inline F32 mul(F32 a, F32 b) { return _mm256_mul_ps(a, b); }
inline F32 div(F32 a, F32 b) { return _mm256_div_ps(a, b); }
inline F32 max(F32 a, F32 b) { return _mm256_max_ps(a, b); }
inline F32 min(F32 a, F32 b) { return _mm256_min_ps(a, b); }
inline F32 fma(F32 a, F32 b, F32 c) { return _mm256_fmadd_ps(a, b, c); }
inline F32 fnma(F32 a, F32 b, F32 c) { return _mm256_fnmadd_ps(a, b, c); }
inline F32 round(F32 x) {
  return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/// 2^x for whole numbers x from -126 to 127.
inline F32 pow2(F32 x) {
  const I32 biased = _mm256_add_epi32(_mm256_cvtps_epi32(x), _mm256_set1_epi32(127));
  return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
}

inline F32 load_f16(const void* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}
inline F32 load_bf16(const void* p) {
  const I32 bits = _mm256_cvtepu16_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)));
  return _mm256_castsi256_ps(_mm256_slli_epi32(bits, 16));
}
/// FP8 e4m3 as f16 with the exponent's bias of that: 2^-8 of the number. NaN stays NaN.
inline F32 load_f8(const void* p) {
  const __m128i x = _mm_cvtepi8_epi16(_mm_loadl_epi64(static_cast<const __m128i*>(p)));
  const __m128i bits = _mm_and_si128(_mm_slli_epi16(x, 7), _mm_set1_epi16(-0x4080));  // 0xbf80
  const __m128i largest = _mm_set1_epi16(0x3f80);
  const __m128i is_nan = _mm_cmpeq_epi16(_mm_and_si128(bits, largest), largest);
  return _mm256_cvtph_ps(_mm_or_si128(bits, _mm_and_si128(is_nan, _mm_set1_epi16(0x7e00))));
}
inline F32 load_u8(const void* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p))));
}
inline F32 load_i8(const void* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p))));
}
inline F32 load_low_nibbles(const void* p) {
  const I32 bytes = _mm256_cvtepu8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p)));
  return _mm256_cvtepi32_ps(_mm256_and_si256(bytes, _mm256_set1_epi32(15)));
}
inline F32 load_high_nibbles(const void* p) {
  const I32 bytes = _mm256_cvtepu8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p)));
  return _mm256_cvtepi32_ps(_mm256_srli_epi32(bytes, 4));
}
/// 2^(e - 128) of bytes e; the first two are subnormal (mxfp4_scale() in engine/quant/blocks.h).
inline F32 load_exponents(const void* p) {
  const I32 one = _mm256_set1_epi32(1);
  const I32 e = _mm256_cvtepu8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p)));
  const I32 normal = _mm256_slli_epi32(_mm256_sub_epi32(e, one), 23);
  const I32 subnormal = _mm256_slli_epi32(_mm256_add_epi32(_mm256_min_epi32(e, one), one), 21);
  return _mm256_castsi256_ps(_mm256_max_epi32(normal, subnormal));
}
inline F32 to_f32(I32 x) { return _mm256_cvtepi32_ps(x); }

inline I32 load_bytes(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline I32 broadcast_i32(int32_t x) { return _mm256_set1_epi32(x); }
inline I32 add_i32(I32 a, I32 b) { return _mm256_add_epi32(a, b); }
template <int kBits>
inline I32 shift_right_i32(I32 x) {
  return _mm256_srai_epi32(x, kBits);
}
/// Shift and keep: (x << kBits) & mask in every byte; kBits < 0 shifts right.
template <int kBits>
inline I32 shift_and(I32 x, uint8_t mask) {
  const I32 masks = _mm256_set1_epi8(static_cast<char>(mask));
  if constexpr (kBits >= 0) return _mm256_and_si256(_mm256_slli_epi16(x, kBits), masks);
  return _mm256_and_si256(_mm256_srli_epi16(x, -kBits), masks);
}
/// The same 16 bytes in every 16, for look_up().
inline I32 broadcast_16_bytes(const uint8_t* p) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
/// Bytes of a table of 16, by indices below 16.
inline I32 look_up(I32 table, I32 indices) { return _mm256_shuffle_epi8(table, indices); }
inline I32 bit_or(I32 a, I32 b) { return _mm256_or_si256(a, b); }

/// q[4 g .. 4 g + 3] in every lane. Read as one number: a copy would go through a register.
inline I32 broadcast_group(const int8_t* q, int g) {
  using Group [[gnu::may_alias, gnu::aligned(1)]] = int32_t;
  return _mm256_set1_epi32(reinterpret_cast<const Group*>(q)[g]);
}

/// sum[lane] += w[g] bytes 4 lane .. 4 lane + 3 (unsigned, < 2^kBits) times q[4 g .. 4 g + 3], over
/// g = 0 to 3. Exact.
template <int kBits>
inline I32 dot(I32 sum, const I32* w, const int8_t* q) {
  const I32 ones = _mm256_set1_epi16(1);
  if constexpr (kBits <= 5) {  // 4 * 2 * 31 * 127 < 2^15
    I32 pairs = _mm256_maddubs_epi16(w[0], broadcast_group(q, 0));
    for (int g = 1; g < 4; ++g) {
      pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(w[g], broadcast_group(q, g)));
    }
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
  } else {  // 2 * 2 * 63 * 127 < 2^15
    static_assert(kBits == 6);
    for (int g = 0; g < 4; g += 2) {
      const I32 pairs = _mm256_add_epi16(_mm256_maddubs_epi16(w[g], broadcast_group(q, g)),
                                         _mm256_maddubs_epi16(w[g + 1], broadcast_group(q, g + 1)));
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
    }
    return sum;
  }
}

/// Sums of (w - 128) * q over the 4 groups. Exact. A pair of unsigned bytes times signed ones would
/// not fit 16 bits, |w - 128| times +-q does: 2 * 128 * 127 < 2^15.
inline I32 dot_minus_128(const I32* w, const int8_t* q, int32_t) {
  const I32 ones = _mm256_set1_epi16(1);
  I32 sum = _mm256_setzero_si256();
  for (int g = 0; g < 4; ++g) {
    const I32 number = _mm256_xor_si256(w[g], _mm256_set1_epi8(-128));
    const I32 pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(number),
                                           _mm256_sign_epi8(broadcast_group(q, g), number));
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
  }
  return sum;
}

inline int32_t sum_lanes(I32 x) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
  return _mm_cvtsi128_si32(s);
}

/// Largest of the 32 bit patterns of |x|.
inline uint32_t largest_magnitude(const float* x) {
  const I32 mask = _mm256_set1_epi32(0x7fffffff);
  I32 largest = _mm256_and_si256(_mm256_castps_si256(load(x)), mask);
  for (int i = 8; i < 32; i += 8) {
    largest = _mm256_max_epi32(largest, _mm256_and_si256(_mm256_castps_si256(load(x + i)), mask));
  }
  __m128i four =
      _mm_max_epi32(_mm256_castsi256_si128(largest), _mm256_extracti128_si256(largest, 1));
  four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0xb1));
  return static_cast<uint32_t>(_mm_cvtsi128_si32(four));
}

/// q[i] = x[i] * factor, rounded to nearest even, for 16 numbers; returns their sum.
inline int32_t quantize16(int8_t* q, const float* x, float factor) {
  const I32 a = _mm256_cvtps_epi32(mul(load(x), broadcast(factor)));
  const I32 b = _mm256_cvtps_epi32(mul(load(x + 8), broadcast(factor)));
  const I32 words = _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xd8);
  const __m128i bytes =
      _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(q), bytes);
  return sum_lanes(add_i32(a, b));
}

// 16 numbers that are summed across: the same in every instruction set, whatever its lanes.
struct Wide {
  F32 a, b;
};
inline Wide wide_zero() { return {zero(), zero()}; }
inline Wide wide_broadcast(float x) { return {broadcast(x), broadcast(x)}; }
inline Wide wide_load(const float* p) { return {load(p), load(p + 8)}; }
inline Wide wide_load_bf16(const uint16_t* p) { return {load_bf16(p), load_bf16(p + 8)}; }
inline Wide wide_load_i8(const uint8_t* p) { return {load_i8(p), load_i8(p + 8)}; }
inline Wide wide_load_first(const float* p, int n) {
  return {load_first(p, n), n > 8 ? load_first(p + 8, n - 8) : zero()};
}
inline void wide_store(float* p, Wide x) {
  store(p, x.a);
  store(p + 8, x.b);
}
inline void wide_store_first(float* p, Wide x, int n) {
  store_first(p, x.a, n);
  if (n > 8) store_first(p + 8, x.b, n - 8);
}
inline Wide add(Wide x, Wide y) { return {add(x.a, y.a), add(x.b, y.b)}; }
inline Wide mul(Wide x, Wide y) { return {mul(x.a, y.a), mul(x.b, y.b)}; }
inline Wide fma(Wide x, Wide y, Wide z) { return {fma(x.a, y.a, z.a), fma(x.b, y.b, z.b)}; }

/// Sums of 16 vectors: result[i] is the sum of sums[i], added in the order of distances 8, 4, 2, 1.
inline void sum_16(float* result, const Wide* sums) {
  for (int half = 0; half < 2; ++half) {
    F32 x[8];
    for (int i = 0; i < 8; ++i) x[i] = add(sums[8 * half + i].a, sums[8 * half + i].b);
    F32 y[4];
    for (int i = 0; i < 4; ++i) {  // [x[i] halves added | x[i + 4] halves added]
      y[i] = add(_mm256_permute2f128_ps(x[i], x[i + 4], 0x20),
                 _mm256_permute2f128_ps(x[i], x[i + 4], 0x31));
    }
    F32 z[2];
    for (int i = 0; i < 2; ++i) {
      z[i] = add(_mm256_shuffle_ps(y[i], y[i + 2], 0x44), _mm256_shuffle_ps(y[i], y[i + 2], 0xee));
    }
    const F32 s = add(_mm256_shuffle_ps(z[0], z[1], 0x88), _mm256_shuffle_ps(z[0], z[1], 0xdd));
    store(result + 8 * half, _mm256_permute_ps(s, 0xd8));  // halves: 0, 2, 1, 3
  }
}

inline float sum_1(Wide x) {
  const F32 eight = add(x.a, x.b);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

}  // namespace fathom::engine::cpu::FATHOM_ISA
