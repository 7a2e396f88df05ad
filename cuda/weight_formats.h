// Reading weights in kernels: the exact numbers of the file, as pairs of bf16 to be multiplied by
// scales afterwards. Layouts: weight_view.h.

#pragma once

#include "cuda/device.h"
#include "cuda/weight_view.h"

namespace fathom::cuda {

using engine::DType;

/// What one thread has of a group of a row.
template <DType kType>
struct GroupNumbers {
  static constexpr FormatInfo kFormat = format_of(kType);
  static constexpr int kChunks = kFormat.low_bits >= 4 ? kFormat.low_bits / 4 : 1;
  uint4 low[kChunks];
  uint2 high;
};

/// `row` counts through all matrices; t: 0 to 3.
template <DType kType>
__device__ __forceinline__ GroupNumbers<kType> load_numbers(const WeightView& w, int64_t row,
                                                            int group, int t) {
  constexpr FormatInfo kFormat = format_of(kType);
  const int64_t index = row * w.n_groups + group;
  GroupNumbers<kType> numbers = {};
  const uint8_t* low = w.low + index * (16 * kFormat.low_bits);
  if constexpr (kFormat.low_bits >= 4) {
    for (int chunk = 0; chunk < GroupNumbers<kType>::kChunks; ++chunk)
      numbers.low[chunk] = __ldg(reinterpret_cast<const uint4*>(low + 64 * chunk + 16 * t));
  } else {
    const uint2 two_bits = __ldg(reinterpret_cast<const uint2*>(low + 8 * t));
    numbers.low[0].x = two_bits.x;
    numbers.low[0].y = two_bits.y;
  }
  const uint8_t* high = w.high + index * (16 * kFormat.high_bits);
  if constexpr (kFormat.high_bits == 2)
    numbers.high = __ldg(reinterpret_cast<const uint2*>(high + 8 * t));
  if constexpr (kFormat.high_bits == 1)
    numbers.high.x = __ldg(reinterpret_cast<const uint32_t*>(high + 4 * t));
  return numbers;
}

__device__ __forceinline__ uint32_t word_of(const uint4& words, int i) {
  return i == 0 ? words.x : i == 1 ? words.y : i == 2 ? words.z : words.w;
}

/// Pair p of small integers in their halves, from where weight_view.h says.
__device__ __forceinline__ uint32_t nibble_pair(uint32_t word, int p) {
  return word >> 4 * p & 0x000f000fu;
}
__device__ __forceinline__ uint32_t two_bit_pair(uint32_t words, int p) {
  return (words >> 2 * p & 3u) | (words >> (2 * p + 8) & 3u) << 16;
}
__device__ __forceinline__ uint32_t one_bit_pair(uint32_t bytes, int p) {
  return (bytes >> p & 1u) | (bytes >> (p + 4) & 1u) << 16;
}

/// Integers below 128 less `kOffset`: 128 + n is bf16 0x4300 | n.
template <int kOffset>
__device__ __forceinline__ uint32_t integers_to_bf16x2(uint32_t pair) {
  constexpr uint32_t kMinus = 0xc300u + kOffset;  // -(128 + offset), as long as that is below 256
  return fma_bf16x2(pair | 0x43004300u, 0x3f803f80u, kMinus << 16 | kMinus);
}

__device__ __forceinline__ uint32_t bytes_to_bf16x2(uint32_t low, uint32_t high) {
  return to_bf16x2(static_cast<float>(static_cast<int8_t>(low)),
                   static_cast<float>(static_cast<int8_t>(high)));
}

/// FP8 e4m3: its bits are those of a bf16 that is 2^120 times as small; NaN apart.
__device__ __forceinline__ uint32_t f8_to_bf16x2(uint32_t low, uint32_t high) {
  const uint32_t pair = low | high << 16;
  const uint32_t small = (pair & 0x00800080u) << 8 | (pair & 0x007f007fu) << 4;
  uint32_t numbers = fma_bf16x2(small, 0x7b807b80u, 0x80008000u);
  if ((low & 0x7fu) == 0x7fu) numbers |= 0x00007fc0u;
  if ((high & 0x7fu) == 0x7fu) numbers |= 0x7fc00000u;
  return numbers;
}

/// Twice the numbers of FP4 (e2m1), likewise; the second zero becomes 0.
__device__ __forceinline__ uint32_t f4_to_bf16x2(uint32_t pair) {
  const uint32_t small = (pair & 0x00080008u) << 12 | (pair & 0x00070007u) << 6;
  return fma_bf16x2(small, 0x7f007f00u, 0);
}

__device__ __forceinline__ float iq4_value(uint32_t code) {
  // Four of the table's bytes to a word (kIq4Values of engine/quant/blocks.h).
  const uint32_t word =
      code < 8 ? (code < 4 ? 0xbfad9881u : 0xf6eaddcfu) : (code < 12 ? 0x26190d01u : 0x71594535u);
  return static_cast<float>(static_cast<int8_t>(word >> 8 * (code & 3)));
}

/// The 8 numbers of a thread of unit u as bf16, without their scales: pairs 0 to 3. What a bf16 has
/// no room for (of f16) is `rest`.
template <DType kType>
struct UnitNumbers {
  static constexpr bool kHasRest = kType == DType::f16;
  uint32_t pairs[4];
  uint32_t rest[4];
};

__device__ __forceinline__ void split_f16(uint32_t pair, uint32_t& high_part, uint32_t& rest) {
  const float low = f16_to_f32(static_cast<uint16_t>(pair));
  const float high = f16_to_f32(static_cast<uint16_t>(pair >> 16));
  high_part = to_bf16x2(low, high);
  rest = to_bf16x2(low - low_bf16(high_part), high - high_bf16(high_part));
}

template <DType kType>
__device__ __forceinline__ uint32_t small_integers(const GroupNumbers<kType>& numbers, int unit,
                                                   int p) {
  constexpr FormatInfo kFormat = format_of(kType);
  if constexpr (kFormat.low_bits == 2) {
    const uint32_t word = unit < 2 ? numbers.low[0].x : numbers.low[0].y;
    const uint32_t low = two_bit_pair(word >> 16 * (unit % 2), p);
    if constexpr (kFormat.high_bits == 0) return low;
    return low | one_bit_pair(numbers.high.x >> 8 * unit, p) << 2;
  } else {
    const uint32_t low = nibble_pair(word_of(numbers.low[0], unit), p);
    if constexpr (kFormat.high_bits == 0) return low;
    if constexpr (kFormat.high_bits == 1)
      return low | one_bit_pair(numbers.high.x >> 8 * unit, p) << 4;
    const uint32_t word = unit < 2 ? numbers.high.x : numbers.high.y;
    return low | two_bit_pair(word >> 16 * (unit % 2), p) << 4;
  }
}

template <DType kType>
__device__ __forceinline__ uint32_t numbers_of(const GroupNumbers<kType>& numbers, int unit,
                                               int p) {
  if constexpr (kType == DType::bf16) {
    return word_of(numbers.low[unit], p);
  } else if constexpr (kType == DType::q8_0 || kType == DType::f8_e4m3) {
    // Pairs 0 and 1 are in the first word of the unit's two.
    const uint32_t word = word_of(numbers.low[unit / 2], unit % 2 * 2 + p / 2) >> 16 * (p % 2);
    return kType == DType::q8_0 ? bytes_to_bf16x2(word & 0xffu, word >> 8 & 0xffu)
                                : f8_to_bf16x2(word & 0xffu, word >> 8 & 0xffu);
  } else {
    const uint32_t pair = small_integers(numbers, unit, p);
    if constexpr (kType == DType::mxfp4) return f4_to_bf16x2(pair);
    if constexpr (kType == DType::iq4_nl || kType == DType::iq4_xs)
      return to_bf16x2(iq4_value(pair & 15u), iq4_value(pair >> 16));
    if constexpr (kType == DType::q4_0) return integers_to_bf16x2<8>(pair);
    if constexpr (kType == DType::q5_0) return integers_to_bf16x2<16>(pair);
    if constexpr (kType == DType::q6_k) return integers_to_bf16x2<32>(pair);
    if constexpr (kType == DType::q3_k) return integers_to_bf16x2<4>(pair);
    return integers_to_bf16x2<0>(pair);
  }
}

template <DType kType>
__device__ __forceinline__ UnitNumbers<kType> unit_numbers(const GroupNumbers<kType>& numbers,
                                                           int unit) {
  UnitNumbers<kType> out;
  for (int p = 0; p < 4; ++p) {
    if constexpr (kType == DType::f16)
      split_f16(word_of(numbers.low[unit], p), out.pairs[p], out.rest[p]);
    else
      out.pairs[p] = numbers_of<kType>(numbers, unit, p);
  }
  return out;
}

}  // namespace fathom::cuda
