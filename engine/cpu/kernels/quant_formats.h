// How each quantised type is read from a panel (panel.h): a struct per type with
//
//   kBits          its numbers are unsigned and below 2^kBits
//   kLayout        sizes
//   unpack(w, block, part)         the 8 groups of a block of 32 columns, one byte a number
//   Scales(set, part)              a set of scales of the lanes of this part
//   scales.block(index).add(...)   adds the product of one block to a sum
//
// `part` counts the vectors that make up the 16 rows: always 0 with 16 lanes; 0 and 1 with 8.

#pragma once

#include "engine/cpu/kernels/simd.h"
#include "engine/cpu/panel.h"
#include "engine/cpu/quant_block.h"

namespace fathom::engine::cpu::FATHOM_ISA {

constexpr int kPartBytes = 4 * kLanes;

/// Low and high nibbles: groups 0 to 3 and 4 to 7.
inline void unpack_nibbles(I32* w, const uint8_t* block, int part) {
  for (int g = 0; g < 4; ++g) {
    const I32 pair = load_bytes(block + 64 * g + part * kPartBytes);
    w[g] = shift_and<0>(pair, 0x0f);
    w[g + 4] = shift_and<-4>(pair, 0x0f);
  }
}

/// Integer sums of the two halves of a block.
struct HalfSums {
  I32 low, high;
};

/// Sums of (u - kZero) * x over a block, for u below 2^kBits.
template <int kBits, int kZero>
inline HalfSums half_sums(const I32* w, const QuantBlock& x) {
  if constexpr (kZero == 128) {
    return {dot_minus_128(w, x.q, x.minus_128_sum[0]),
            dot_minus_128(w + 4, x.q + 16, x.minus_128_sum[1])};
  } else {
    const auto start = [&](int half) {
      if constexpr (kZero == 0) return broadcast_i32(0);
      constexpr int kShift = kZero == 32 ? 2 : 4;
      static_assert(kZero == 0 || kZero << kShift == 128);
      return shift_right_i32<kShift>(broadcast_i32(x.minus_128_sum[half]));
    };
    return {dot<kBits>(start(0), w, x.q), dot<kBits>(start(1), w + 4, x.q + 16)};
  }
}

/// One scale for the whole block: q8_0, q4_0.
template <int kBits, int kZero>
struct PlainScales {
  F32 d;
  PlainScales(const uint8_t* set, int part) : d(load_f16(set + 2 * kLanes * part)) {}
  const PlainScales& block(int) const { return *this; }
  F32 add_product(F32 sum, const I32* w, const QuantBlock& x) const {
    const HalfSums s = half_sums<kBits, kZero>(w, x);
    return fma(mul(d, broadcast(x.d)), to_f32(add_i32(s.low, s.high)), sum);
  }
};

struct Q8_0 {
  static constexpr PanelFormat kLayout = kPanelQ8_0;
  using Scales = PlainScales<8, 128>;
  static void unpack(I32* w, const uint8_t* block, int part) {
    for (int g = 0; g < 8; ++g) w[g] = load_bytes(block + 64 * g + part * kPartBytes);
  }
};

struct Q4_0 {
  static constexpr PanelFormat kLayout = kPanelQ4_0;
  using Scales = PlainScales<4, 8>;
  static void unpack(I32* w, const uint8_t* block, int part) { unpack_nibbles(w, block, part); }
};

/// Scale and minimum for each block: q4_k, q5_k.
template <int kBits>
struct MinScales {
  struct Block {
    F32 scale, min;
    F32 add_product(F32 sum, const I32* w, const QuantBlock& x) const {
      const HalfSums s = half_sums<kBits, 0>(w, x);
      sum = fma(mul(scale, broadcast(x.d)), to_f32(add_i32(s.low, s.high)), sum);
      return fnma(min, broadcast(x.d_sum), sum);
    }
  };

  F32 d, d_min;
  const uint8_t* scales;
  MinScales(const uint8_t* set, int part)
      : d(load_f16(set + 2 * kLanes * part)),
        d_min(load_f16(set + 32 + 2 * kLanes * part)),
        scales(set + 64 + kLanes * part) {}
  Block block(int index) const {
    return {mul(d, load_u8(scales + 16 * index)), mul(d_min, load_u8(scales + 128 + 16 * index))};
  }
};

struct Q4K {
  static constexpr PanelFormat kLayout = kPanelQ4K;
  using Scales = MinScales<4>;
  static void unpack(I32* w, const uint8_t* block, int part) { unpack_nibbles(w, block, part); }
};

struct Q5K {
  static constexpr PanelFormat kLayout = kPanelQ5K;
  using Scales = MinScales<5>;
  static void unpack(I32* w, const uint8_t* block, int part) {
    unpack_nibbles(w, block, part);
    const I32 fifth = load_bytes(block + 256 + part * kPartBytes);
    w[0] = bit_or(w[0], shift_and<4>(fifth, 0x10));
    w[1] = bit_or(w[1], shift_and<3>(fifth, 0x10));
    w[2] = bit_or(w[2], shift_and<2>(fifth, 0x10));
    w[3] = bit_or(w[3], shift_and<1>(fifth, 0x10));
    w[4] = bit_or(w[4], shift_and<0>(fifth, 0x10));
    w[5] = bit_or(w[5], shift_and<-1>(fifth, 0x10));
    w[6] = bit_or(w[6], shift_and<-2>(fifth, 0x10));
    w[7] = bit_or(w[7], shift_and<-3>(fifth, 0x10));
  }
};

/// A scale for each half block.
struct HalfScales {
  struct Block {
    F32 low, high;
    F32 add_product(F32 sum, const I32* w, const QuantBlock& x) const {
      const HalfSums s = half_sums<6, 32>(w, x);
      const F32 x_d = broadcast(x.d);
      sum = fma(mul(low, x_d), to_f32(s.low), sum);
      return fma(mul(high, x_d), to_f32(s.high), sum);
    }
  };

  F32 d;
  const uint8_t* scales;
  HalfScales(const uint8_t* set, int part)
      : d(load_f16(set + 2 * kLanes * part)), scales(set + 32 + kLanes * part) {}
  Block block(int index) const {
    return {mul(d, load_i8(scales + 32 * index)), mul(d, load_i8(scales + 32 * index + 16))};
  }
};

struct Q6K {
  static constexpr PanelFormat kLayout = kPanelQ6K;
  using Scales = HalfScales;
  static void unpack(I32* w, const uint8_t* block, int part) {
    unpack_nibbles(w, block, part);
    for (int half = 0; half < 2; ++half) {
      const I32 bits = load_bytes(block + 256 + 64 * half + part * kPartBytes);
      I32* groups = w + 4 * half;
      groups[0] = bit_or(groups[0], shift_and<4>(bits, 0x30));
      groups[1] = bit_or(groups[1], shift_and<2>(bits, 0x30));
      groups[2] = bit_or(groups[2], shift_and<0>(bits, 0x30));
      groups[3] = bit_or(groups[3], shift_and<-2>(bits, 0x30));
    }
  }
};

}  // namespace fathom::engine::cpu::FATHOM_ISA
