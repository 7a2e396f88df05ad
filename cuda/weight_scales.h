// Reading the scales of weights in kernels. Layouts: weight_view.h.

#pragma once

#include "cuda/device.h"
#include "cuda/weight_view.h"

namespace fathom::cuda {

/// Scales and minima of a group of a row: a number is scale * what weight_formats.h reads, less
/// minimum. As the formats have them: integers, multiplied by d and dmin when asked for.
struct GroupScales {
  uint32_t scales[2];  // four or eight bytes
  uint32_t minima;
  float d[kUnitsPerGroup];
  float dmin[kUnitsPerGroup];
};

constexpr bool has_minima(ScaleKind kind) {
  return kind == ScaleKind::units_min || kind == ScaleKind::k_super ||
         kind == ScaleKind::k_halves_min;
}
/// Halves of units differ.
constexpr bool has_half_scales(ScaleKind kind) {
  return kind == ScaleKind::blocks || kind == ScaleKind::k_halves ||
         kind == ScaleKind::k_halves_min;
}

__device__ __forceinline__ float mxfp4_scale(uint32_t e) {
  return __uint_as_float(e < 2 ? 0x00200000u << e : (e - 1u) << 23);
}

__device__ __forceinline__ float f16_at(const uint8_t* at) {
  return f16_to_f32(__ldg(reinterpret_cast<const uint16_t*>(at)));
}

__device__ __forceinline__ void load_k_super(GroupScales& out, const WeightView& w, int64_t index) {
  const uint4 block = __ldg(reinterpret_cast<const uint4*>(w.scales + index / 2 * 16));
  out.d[0] = f16_to_f32(static_cast<uint16_t>(block.x));
  out.dmin[0] = f16_to_f32(static_cast<uint16_t>(block.x >> 16));
  // k_scale() of engine/quant/blocks.h for four groups of 32 at once.
  if (index % 2 == 0) {
    out.scales[0] = block.y & 0x3f3f3f3fu;
    out.minima = block.z & 0x3f3f3f3fu;
  } else {
    out.scales[0] = (block.w & 0x0f0f0f0fu) | (block.y >> 2 & 0x30303030u);
    out.minima = (block.w >> 4 & 0x0f0f0f0fu) | (block.z >> 2 & 0x30303030u);
  }
}

__device__ __forceinline__ void load_block_scales(GroupScales& out, const WeightView& w,
                                                  int64_t row, int group) {
  if (w.block_scales == nullptr) {
    for (int unit = 0; unit < kUnitsPerGroup; ++unit) out.d[unit] = out.dmin[unit] = 1.0f;
    return;
  }
  const int64_t matrix = row / w.rows;
  const int64_t line = matrix * w.n_scale_rows + (row - matrix * w.rows) / w.scale_rows;
  const float* scales = w.block_scales + line * w.n_scale_cols;
  for (int unit = 0; unit < kUnitsPerGroup; ++unit) {
    const int column = group * kGroup + unit * kUnit;
    const int first = column / w.scale_cols, second = (column + kUnit / 2) / w.scale_cols;
    // Behind the last column there are zeros, whatever they are multiplied by.
    out.d[unit] = first < w.n_scale_cols ? __ldg(scales + first) : 0.0f;
    out.dmin[unit] = second < w.n_scale_cols ? __ldg(scales + second) : 0.0f;
  }
}

/// `row` counts through all matrices.
template <ScaleKind kKind>
__device__ __forceinline__ GroupScales load_scales(const WeightView& w, int64_t row, int group) {
  GroupScales out = {};
  const int64_t index = row * w.n_groups + group;
  if constexpr (kKind == ScaleKind::blocks) load_block_scales(out, w, row, group);
  if constexpr (kKind == ScaleKind::k_super) load_k_super(out, w, index);
  if constexpr (kKind == ScaleKind::units) {
    const uint2 d = __ldg(reinterpret_cast<const uint2*>(w.deltas + index * 8));
    for (int unit = 0; unit < kUnitsPerGroup; ++unit)
      out.d[unit] = f16_to_f32(static_cast<uint16_t>((unit < 2 ? d.x : d.y) >> 16 * (unit % 2)));
  }
  if constexpr (kKind == ScaleKind::units_min) {
    const uint4 d = __ldg(reinterpret_cast<const uint4*>(w.deltas + index * 16));
    const uint32_t words[4] = {d.x, d.y, d.z, d.w};
    for (int unit = 0; unit < kUnitsPerGroup; ++unit) {
      out.d[unit] = f16_to_f32(static_cast<uint16_t>(words[unit]));
      out.dmin[unit] = f16_to_f32(static_cast<uint16_t>(words[unit] >> 16));
    }
  }
  if constexpr (kKind == ScaleKind::exponents || kKind == ScaleKind::k_units)
    out.scales[0] = __ldg(reinterpret_cast<const uint32_t*>(w.scales + index * 4));
  if constexpr (kKind == ScaleKind::k_halves || kKind == ScaleKind::k_halves_min) {
    const uint2 scales = __ldg(reinterpret_cast<const uint2*>(w.scales + index * 8));
    out.scales[0] = scales.x;
    out.scales[1] = scales.y;
  }
  if constexpr (kKind == ScaleKind::k_halves || kKind == ScaleKind::k_units)
    out.d[0] = f16_at(w.deltas + index / 2 * 2);
  if constexpr (kKind == ScaleKind::k_halves_min) {
    out.d[0] = f16_at(w.deltas + index / 2 * 4);
    out.dmin[0] = f16_at(w.deltas + index / 2 * 4 + 2);
  }
  return out;
}

__device__ __forceinline__ uint32_t byte_of(uint32_t word, int i) { return word >> 8 * i & 0xffu; }

/// Of `half` (0 or 1) of a unit.
template <ScaleKind kKind>
__device__ __forceinline__ float scale_of(const GroupScales& s, int unit, int half) {
  if constexpr (kKind == ScaleKind::none) return 1.0f;
  if constexpr (kKind == ScaleKind::blocks) return half == 0 ? s.d[unit] : s.dmin[unit];
  if constexpr (kKind == ScaleKind::units || kKind == ScaleKind::units_min) return s.d[unit];
  const uint32_t by_unit = byte_of(s.scales[0], unit);
  const uint32_t by_half = byte_of(s.scales[unit / 2], unit % 2 * 2 + half);
  if constexpr (kKind == ScaleKind::exponents) return mxfp4_scale(by_unit);
  if constexpr (kKind == ScaleKind::k_super) return s.d[0] * static_cast<float>(by_unit);
  if constexpr (kKind == ScaleKind::k_units)
    return s.d[0] * static_cast<float>(static_cast<int8_t>(by_unit));
  if constexpr (kKind == ScaleKind::k_halves)
    return s.d[0] * static_cast<float>(static_cast<int8_t>(by_half));
  return s.d[0] * static_cast<float>(by_half & 15u);
}

/// What is subtracted; only where has_minima(). Of q4_1 and q5_1 it is -m.
template <ScaleKind kKind>
__device__ __forceinline__ float minimum_of(const GroupScales& s, int unit, int half) {
  if constexpr (kKind == ScaleKind::units_min) return -s.dmin[unit];
  if constexpr (kKind == ScaleKind::k_super)
    return s.dmin[0] * static_cast<float>(byte_of(s.minima, unit));
  const uint32_t byte = byte_of(s.scales[unit / 2], unit % 2 * 2 + half);
  return s.dmin[0] * static_cast<float>(byte >> 4);
}

}  // namespace fathom::cuda
