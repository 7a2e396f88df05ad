// How each quantised type is read from a panel (panel.h): QuantFormat<...> per type with
//
//   kLayout                        sizes
//   unpack(w, block, part)         the 8 groups of a block of 32 columns, one byte a number
//   Scales(set, part)              a set of scales of the lanes of this part
//   scales.block(i).add()          adds the product with block i of the set to a sum
//
// `part` counts the vectors that make up the 16 rows: always 0 with 16 lanes; 0 and 1 with 8.
// Of Scales: kBits, the unpacked numbers are unsigned and below 2^kBits; kZero, the one that means
// 0; kHalves, the halves of a block are scaled apart.

#pragma once

#include <utility>

#include "engine/cpu/kernels/simd.h"
#include "engine/cpu/panel.h"
#include "engine/cpu/quant_block.h"

namespace fathom::engine::cpu::FATHOM_ISA {

constexpr int kPartBytes = 4 * kLanes;

/// Group kGroup of a plane of kBits, its bits moved to kTo; beside those of lower planes.
template <int kBits, int kTo, int kGroup>
inline void unpack_group(I32* w, const uint8_t* plane, int part) {
  constexpr int kGroupsInAByte = 8 / kBits;
  constexpr int kShift = kTo - kBits * (kGroup % kGroupsInAByte);
  constexpr int kMask = ((1 << kBits) - 1) << kTo;
  const I32 bytes = load_bytes(plane + 64 * (kGroup / kGroupsInAByte) + part * kPartBytes);
  if constexpr (kBits == 8) {
    w[kGroup] = bytes;
  } else if constexpr (kTo == 0) {
    w[kGroup] = shift_and<kShift>(bytes, kMask);
  } else {
    w[kGroup] = bit_or(w[kGroup], shift_and<kShift>(bytes, kMask));
  }
}

template <int kBits, int kTo, int... kGroups>
inline void unpack_plane(I32* w, const uint8_t* plane, int part,
                         std::integer_sequence<int, kGroups...>) {
  (unpack_group<kBits, kTo, kGroups>(w, plane, part), ...);
}

/// `kTable`: 16 bytes that the numbers are indices of; null if they are the numbers.
template <PanelFormat kFormat, class ScaleSet, const uint8_t* kTable = nullptr>
struct QuantFormat {
  static constexpr PanelFormat kLayout = kFormat;
  using Scales = ScaleSet;

  static void unpack(I32* w, const uint8_t* block, int part) {
    constexpr auto kGroups = std::make_integer_sequence<int, 8>();
    unpack_plane<kFormat.low_bits, 0>(w, block, part, kGroups);
    if constexpr (kFormat.high_bits > 0) {
      unpack_plane<kFormat.high_bits, kFormat.low_bits>(w, block + 64 * kFormat.low_bits, part,
                                                        kGroups);
    }
    if constexpr (kTable != nullptr) {
      const I32 table = broadcast_16_bytes(kTable);
      for (int g = 0; g < 8; ++g) w[g] = look_up(table, w[g]);
    }
  }
};

/// Integer sums of the two halves of a block.
struct HalfSums {
  I32 low, high;
};

/// Sums of (u - kZero) * x over a block, for u below 2^kBits.
template <int kBits, int kZero>
inline HalfSums half_sums(const I32* w, const QuantBlock& x) {
  if constexpr (kZero == 128) {
    return {dot_minus_128(w, x.q, x.scale.minus_128_sum[0]),
            dot_minus_128(w + 4, x.q + 16, x.scale.minus_128_sum[1])};
  } else {
    const auto start = [&](int half) {
      if constexpr (kZero == 0) return broadcast_i32(0);
      constexpr int kShift = kZero == 32 ? 2 : kZero == 16 ? 3 : kZero == 8 ? 4 : 5;
      static_assert(kZero == 0 || kZero << kShift == 128);
      return shift_right_i32<kShift>(broadcast_i32(x.scale.minus_128_sum[half]));
    };
    return {dot<kBits>(start(0), w, x.q), dot<kBits>(start(1), w + 4, x.q + 16)};
  }
}

/// What the formats say of their numbers.
template <int kNumberBits, int kZeroNumber, bool kHasHalves = false>
struct NumberTraits {
  static constexpr int kBits = kNumberBits;
  static constexpr int kZero = kZeroNumber;
  static constexpr bool kHalves = kHasHalves;
};

/// One scale for a block.
struct BlockScale {
  F32 d;
  F32 add(F32 sum, const HalfSums& s, const QuantScale& x) const {
    return fma(mul(d, broadcast(x.d)), to_f32(add_i32(s.low, s.high)), sum);
  }
};

/// q8_0, q4_0, q5_0, iq4_nl.
template <int kBits, int kZero>
struct PlainScales : NumberTraits<kBits, kZero> {
  BlockScale scale;
  PlainScales(const uint8_t* set, int part) : scale{load_f16(set + 2 * kLanes * part)} {}
  const BlockScale& block(int) const { return scale; }
};

/// Powers of two: mxfp4.
template <int kBits, int kZero>
struct ExponentScales : NumberTraits<kBits, kZero> {
  BlockScale scale;
  ExponentScales(const uint8_t* set, int part) : scale{load_exponents(set + kLanes * part)} {}
  const BlockScale& block(int) const { return scale; }
};

/// A signed factor of d for each block: iq4_xs.
template <int kBits, int kZero>
struct FactorScales : NumberTraits<kBits, kZero> {
  F32 d;
  const uint8_t* factors;
  FactorScales(const uint8_t* set, int part)
      : d(load_f16(set + 2 * kLanes * part)), factors(set + 32 + kLanes * part) {}
  BlockScale block(int index) const { return {mul(d, load_i8(factors + 16 * index))}; }
};

/// Scale and offset for each block: q4_1, q5_1.
template <int kBits>
struct OffsetScales : NumberTraits<kBits, 0> {
  F32 d, m;
  OffsetScales(const uint8_t* set, int part)
      : d(load_f16(set + 2 * kLanes * part)), m(load_f16(set + 32 + 2 * kLanes * part)) {}
  const OffsetScales& block(int) const { return *this; }
  F32 add(F32 sum, const HalfSums& s, const QuantScale& x) const {
    sum = fma(mul(d, broadcast(x.d)), to_f32(add_i32(s.low, s.high)), sum);
    return fma(m, broadcast(x.d_sum), sum);
  }
};

/// Factors of d and dmin for each block: q4_k, q5_k.
template <int kBits>
struct MinScales : NumberTraits<kBits, 0> {
  struct Block {
    F32 scale, min;
    F32 add(F32 sum, const HalfSums& s, const QuantScale& x) const {
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

/// A factor of d for each half block: q3_k, q6_k.
template <int kBits, int kZero>
struct HalfScales : NumberTraits<kBits, kZero, true> {
  struct Block {
    F32 low, high;
    F32 add(F32 sum, const HalfSums& s, const QuantScale& x) const {
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

/// Factors of d and dmin for each half block, in the nibbles of a byte: q2_k. The minimum meets
/// minus_128_sum, so it is kept as dmin / 128 * factor.
template <int kBits>
struct HalfMinScales : NumberTraits<kBits, 0, true> {
  struct Block {
    F32 scale[2], min[2];
    F32 add(F32 sum, const HalfSums& s, const QuantScale& x) const {
      F32 product = mul(scale[0], to_f32(s.low));
      product = fma(scale[1], to_f32(s.high), product);
      product = fma(min[0], to_f32(broadcast_i32(x.minus_128_sum[0])), product);
      product = fma(min[1], to_f32(broadcast_i32(x.minus_128_sum[1])), product);
      return fma(product, broadcast(x.d), sum);
    }
  };

  F32 d, d_min;
  const uint8_t* scales;
  HalfMinScales(const uint8_t* set, int part)
      : d(load_f16(set + 2 * kLanes * part)),
        d_min(mul(load_f16(set + 32 + 2 * kLanes * part), broadcast(1.0f / 128))),
        scales(set + 64 + kLanes * part) {}
  Block block(int index) const {
    const uint8_t* low = scales + 32 * index;
    const uint8_t* high = low + 16;
    return {{mul(d, load_low_nibbles(low)), mul(d, load_low_nibbles(high))},
            {mul(d_min, load_high_nibbles(low)), mul(d_min, load_high_nibbles(high))}};
  }
};

/// kIq4Values + 128 and kMxfp4Values + 16.
constexpr uint8_t kIq4Table[16] = {1,   24,  45,  63,  79,  93,  106, 118,
                                   129, 141, 153, 166, 181, 197, 217, 241};
constexpr uint8_t kMxfp4Table[16] = {16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4};

using Q8_0 = QuantFormat<kPanelQ8_0, PlainScales<8, 128>>;
using Q4_0 = QuantFormat<kPanelQ4_0, PlainScales<4, 8>>;
using Q4_1 = QuantFormat<kPanelQ4_1, OffsetScales<4>>;
using Q5_0 = QuantFormat<kPanelQ5_0, PlainScales<5, 16>>;
using Q5_1 = QuantFormat<kPanelQ5_1, OffsetScales<5>>;
using Q2K = QuantFormat<kPanelQ2K, HalfMinScales<2>>;
using Q3K = QuantFormat<kPanelQ3K, HalfScales<3, 4>>;
using Q4K = QuantFormat<kPanelQ4K, MinScales<4>>;
using Q5K = QuantFormat<kPanelQ5K, MinScales<5>>;
using Q6K = QuantFormat<kPanelQ6K, HalfScales<6, 32>>;
using Iq4Nl = QuantFormat<kPanelIq4Nl, PlainScales<8, 128>, kIq4Table>;
using Iq4Xs = QuantFormat<kPanelIq4Xs, FactorScales<8, 128>, kIq4Table>;
using Mxfp4 = QuantFormat<kPanelMxfp4, ExponentScales<5, 16>, kMxfp4Table>;

}  // namespace fathom::engine::cpu::FATHOM_ISA
