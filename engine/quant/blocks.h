// How quantised numbers lie in memory, one struct per type, and what they mean.
//
// Little-endian; `d` and `dmin` are f16 bits (half.h). Blocks in a file need not be aligned for
// these structs: copy them out (memcpy). Source of the layouts: ggml-common.h of ggml.

#pragma once

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
static_assert(sizeof(BlockQ4K) == 144);
static_assert(sizeof(BlockQ5K) == 176);
static_assert(sizeof(BlockQ6K) == 210);

struct KScale {
  uint8_t scale;  // 6 bits
  uint8_t min;    // 6 bits
};

/// Scale and min of `group` (0 to 7) out of the 12 packed bytes of a Q4_K or Q5_K block: groups 0
/// to 3 have a byte each for scale and min; groups 4 to 7 share a byte of low nibbles, and borrow
/// the two bits that the first four leave unused.
inline KScale k_scale(const uint8_t* scales, int group) {
  const auto byte = [](int bits) { return static_cast<uint8_t>(bits); };
  if (group < 4) return {byte(scales[group] & 63), byte(scales[group + 4] & 63)};
  return {byte((scales[group + 4] & 15) | (scales[group - 4] >> 6) << 4),
          byte((scales[group + 4] >> 4) | (scales[group] >> 6) << 4)};
}

}  // namespace fathom::engine
