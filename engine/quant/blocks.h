// How quantised numbers lie in memory, one struct per type, and what they mean.
//
// Little-endian; `d` and `dmin` are f16 bits (half.h). Blocks in a file need not be aligned for
// these structs: copy them out (memcpy). Source of the layouts: ggml-common.h of ggml.

#pragma once

#include <bit>
#include <cstdint>

#include "engine/dtype.h"

namespace fathom::engine {

/// 32 numbers: x[i] = d * qs[i].
struct BlockQ8_0 {
  uint16_t d;
  int8_t qs[32];
};

/// 32 numbers: x[i] = d * (q - 8); q of x[i] is the low nibble of qs[i], of x[i + 16] the high one.
struct BlockQ4_0 {
  uint16_t d;
  uint8_t qs[16];
};

/// As BlockQ4_0, with a minimum in place of the 8: x[i] = d * q + m.
struct BlockQ4_1 {
  uint16_t d;
  uint16_t m;
  uint8_t qs[16];
};

/// As BlockQ4_0, with a fifth bit: x[i] = d * (q - 16); bit i of qh (a little-endian number)
/// belongs to x[i].
struct BlockQ5_0 {
  uint16_t d;
  uint8_t qh[4];
  uint8_t qs[16];
};

/// As BlockQ5_0, with a minimum: x[i] = d * q + m.
struct BlockQ5_1 {
  uint16_t d;
  uint16_t m;
  uint8_t qh[4];
  uint8_t qs[16];
};

/// As BlockQ4_0, with a table of unevenly spaced numbers: x[i] = d * kIq4Values[q].
struct BlockIq4Nl {
  uint16_t d;
  uint8_t qs[16];
};

/// 32 numbers of FP4 (e2m1): x[i] = 2^(e - 128) * kMxfp4Values[q], nibbles as in BlockQ4_0.
/// Source: OCP Microscaling Formats (MX) 1.0; the values are doubled to be whole.
struct BlockMxfp4 {
  uint8_t e;
  uint8_t qs[16];
};

/// 256 numbers in 16 groups of 16: x = d * scale * q - dmin * min; the low nibble of scales[group]
/// is the scale, the high one the minimum. Each half of 128 numbers is four runs of 32: run r takes
/// the bits 2r, 2r + 1 of qs[32 half + i].
struct BlockQ2K {
  uint8_t scales[16];
  uint8_t qs[64];
  uint16_t d;
  uint16_t dmin;
};

/// 256 numbers in 16 groups of 16: x = d * scale * (q - 4), with q's low bits as in BlockQ2K and
/// its third bit of run r (0 to 7) in bit r of hmask[i]. Scales: q3_k_scale().
struct BlockQ3K {
  uint8_t hmask[32];
  uint8_t qs[64];
  uint8_t scales[12];
  uint16_t d;
};

/// 256 numbers in 8 groups of 32: x = d * scale * kIq4Values[q], nibbles of each group as in
/// BlockQ4_0. Scales: iq4_xs_scale().
struct BlockIq4Xs {
  uint16_t d;
  uint16_t scales_h;
  uint8_t scales_l[4];
  uint8_t qs[128];
};

/// 256 numbers in 8 groups of 32: x = d * scale * q - dmin * min, with the 6-bit scale and min of
/// the group (k_scale). Groups 2k and 2k + 1 are the low and the high nibbles of
/// qs[32 k .. 32 k + 31].
struct BlockQ4K {
  uint16_t d;
  uint16_t dmin;
  uint8_t scales[12];
  uint8_t qs[128];
};

/// As BlockQ4K, with a fifth bit: bit g of qh[i] belongs to number i of group g.
struct BlockQ5K {
  uint16_t d;
  uint16_t dmin;
  uint8_t scales[12];
  uint8_t qh[32];
  uint8_t qs[128];
};

/// 256 numbers in 16 groups of 16: x = d * scale * (q - 32). Each half of 128 numbers is four runs
/// of 32: run r takes the nibble r / 2 of ql[32 (r % 2) + i] and the bits 2r, 2r + 1 of qh[i].
struct BlockQ6K {
  uint8_t ql[128];
  uint8_t qh[64];
  int8_t scales[16];
  uint16_t d;
};

static_assert(sizeof(BlockQ8_0) == 34);
static_assert(sizeof(BlockQ4_0) == 18);
static_assert(sizeof(BlockQ4_1) == 20);
static_assert(sizeof(BlockQ5_0) == 22);
static_assert(sizeof(BlockQ5_1) == 24);
static_assert(sizeof(BlockIq4Nl) == 18);
static_assert(sizeof(BlockMxfp4) == 17);
static_assert(sizeof(BlockQ2K) == 84);
static_assert(sizeof(BlockQ3K) == 110);
static_assert(sizeof(BlockIq4Xs) == 136);
static_assert(sizeof(BlockQ4K) == 144);
static_assert(sizeof(BlockQ5K) == 176);
static_assert(sizeof(BlockQ6K) == 210);

inline constexpr int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                          1,    13,   25,  38,  53,  69,  89,  113};

/// Twice the numbers of FP4. The second zero is -0, which ggml reads as 0.
inline constexpr int8_t kMxfp4Values[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                            0, -1, -2, -3, -4, -6, -8, -12};

/// 2^(e - 128), the two smallest of which are subnormal: the scale of an MXFP4 block, halved
/// because kMxfp4Values are doubled. ggml reads 255 (not a number in the standard) as 2^127 too.
inline float mxfp4_scale(uint8_t e) {
  const uint32_t bits = e < 2 ? 0x00200000u << e : uint32_t{e - 1u} << 23;
  return std::bit_cast<float>(bits);
}

/// Bit i of the little-endian number `bits`.
constexpr int bit_of(const uint8_t* bits, int i) { return bits[i / 8] >> i % 8 & 1; }

/// Scale (-32 to 31) of `group` (0 to 15) out of the 12 packed bytes of a Q3_K block: low nibbles
/// of groups 0 to 7, which the high nibbles of groups 8 to 15 share bytes with, then two more bits
/// of the groups i, i + 4, i + 8, i + 12 in each of four bytes.
constexpr int q3_k_scale(const uint8_t* scales, int group) {
  const int low = scales[group % 8] >> 4 * (group / 8) & 15;
  const int high = scales[8 + group % 4] >> 2 * (group / 4) & 3;
  return (low | high << 4) - 32;
}

/// Scale (-32 to 31) of `group` (0 to 7).
constexpr int iq4_xs_scale(const BlockIq4Xs& block, int group) {
  const int low = block.scales_l[group / 2] >> 4 * (group % 2) & 15;
  const int high = block.scales_h >> 2 * group & 3;
  return (low | high << 4) - 32;
}

struct KScale {
  uint8_t scale;  // 6 bits
  uint8_t min;    // 6 bits
};

/// Scale and min of `group` (0 to 7) out of the 12 packed bytes of a Q4_K or Q5_K block: groups 0
/// to 3 have a byte each for scale and min; groups 4 to 7 share a byte of low nibbles, and borrow
/// the two bits that the first four leave unused.
constexpr KScale k_scale(const uint8_t* scales, int group) {
  const auto byte = [](int bits) { return static_cast<uint8_t>(bits); };
  if (group < 4) return {byte(scales[group] & 63), byte(scales[group + 4] & 63)};
  return {byte((scales[group + 4] & 15) | (scales[group - 4] >> 6) << 4),
          byte((scales[group + 4] >> 4) | (scales[group] >> 6) << 4)};
}

}  // namespace fathom::engine
