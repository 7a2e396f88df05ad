#include "engine/quant/quantize_k.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/quant/half.h"
#include "engine/quant/scale_search.h"

namespace fathom::engine {
namespace {

constexpr int kBlock = 256;
constexpr int kMaxGroups = 16;

/// Numbers as indices of levels, with a scale for each group.
struct Symmetric {
  uint16_t d = 0;               // f16
  int scales[kMaxGroups] = {};  // x = d * scale * level
  uint8_t q[kBlock] = {};
};

/// Rounds with one scale; returns the weighted squared error.
template <class Levels>
float round_group(std::span<const float> x, const float* w, float scale, Levels levels,
                  uint8_t* q) {
  const float inverse = scale != 0.0f ? 1.0f / scale : 0.0f;
  float error = 0.0f;
  for (size_t i = 0; i < x.size(); ++i) {
    const int index = levels.index_of(x[i] * inverse);
    const float difference = x[i] - scale * levels.value(index);
    q[i] = static_cast<uint8_t>(index);
    error += w[i] * difference * difference;
  }
  return error;
}

/// `lowest_scale` is the scales' most negative integer: -32 or -128.
template <class Levels>
Symmetric fit_symmetric(const float* x, int group_size, int lowest_scale, Levels levels) {
  const int n_groups = kBlock / group_size;
  float w[kBlock];
  float scales[kMaxGroups] = {};
  float largest = 0.0f;
  for (int group = 0; group < n_groups; ++group) {
    const std::span<const float> numbers(x + group * group_size, group_size);
    const std::span<float> weights(w + group * group_size, group_size);
    error_weights(numbers, weights);
    scales[group] = best_scale(numbers, weights, levels);
    if (std::fabs(scales[group]) > std::fabs(largest)) largest = scales[group];
  }

  Symmetric result;
  result.d = f32_to_f16(largest / static_cast<float>(lowest_scale));
  const float d = f16_to_f32(result.d);
  for (int group = 0; group < n_groups; ++group) {
    const std::span<const float> numbers(x + group * group_size, group_size);
    uint8_t* q = result.q + group * group_size;
    const float wanted = d != 0.0f ? std::nearbyint(scales[group] / d) : 0.0f;
    const float low = static_cast<float>(lowest_scale);
    const int middle = static_cast<int>(std::clamp(wanted, low, -low - 1.0f));
    float least = std::numeric_limits<float>::infinity();
    for (const int scale : {middle, middle - 1, middle + 1}) {
      if (scale < lowest_scale || scale >= -lowest_scale) continue;
      uint8_t rounded[kBlock];
      const float error = round_group(numbers, w + group * group_size,
                                      d * static_cast<float>(scale), levels, rounded);
      if (error < least) {
        least = error;
        result.scales[group] = scale;
        std::copy_n(rounded, group_size, q);
      }
    }
  }
  return result;
}

/// Numbers as integers from 0 on, with a scale and a minimum for each group.
struct WithMin {
  uint16_t d = 0;                   // f16
  uint16_t dmin = 0;                // f16
  uint8_t scales[kMaxGroups] = {};  // x = d * scale * q - dmin * min
  uint8_t mins[kMaxGroups] = {};
  uint8_t q[kBlock] = {};
};

float round_group(std::span<const float> x, const float* w, ScaleAndMin fit, int highest,
                  uint8_t* q) {
  const float inverse = fit.scale != 0.0f ? 1.0f / fit.scale : 0.0f;
  const float last = static_cast<float>(highest);
  float error = 0.0f;
  for (size_t i = 0; i < x.size(); ++i) {
    const float steps = (x[i] + fit.min) * inverse;
    const float inside = steps < 0.0f ? 0.0f : steps > last ? last : steps;
    const int index = static_cast<int>(inside + 0.5f);
    const float difference = x[i] - (fit.scale * static_cast<float>(index) - fit.min);
    q[i] = static_cast<uint8_t>(index);
    error += w[i] * difference * difference;
  }
  return error;
}

struct MinFormat {
  int group_size;
  int highest;        // of the numbers
  int highest_scale;  // of scales and minimums
};

int nearest_below(float value, float unit, int highest) {
  if (unit == 0.0f) return 0;
  return static_cast<int>(std::min(value / unit + 0.5f, static_cast<float>(highest)));
}

WithMin fit_with_min(const float* x, MinFormat format) {
  const int n_groups = kBlock / format.group_size;
  float w[kBlock];
  ScaleAndMin fits[kMaxGroups] = {};
  ScaleAndMin largest = {0.0f, 0.0f};
  for (int group = 0; group < n_groups; ++group) {
    const std::span<const float> numbers(x + group * format.group_size, format.group_size);
    const std::span<float> weights(w + group * format.group_size, format.group_size);
    error_weights(numbers, weights);
    fits[group] = best_scale_and_min(numbers, weights, format.highest);
    largest.scale = std::max(largest.scale, fits[group].scale);
    largest.min = std::max(largest.min, fits[group].min);
  }

  WithMin result;
  result.d = f32_to_f16(largest.scale / static_cast<float>(format.highest_scale));
  result.dmin = f32_to_f16(largest.min / static_cast<float>(format.highest_scale));
  const float d = f16_to_f32(result.d);
  const float dmin = f16_to_f32(result.dmin);
  for (int group = 0; group < n_groups; ++group) {
    const int first = group * format.group_size;
    const std::span<const float> numbers(x + first, format.group_size);
    const int scale = nearest_below(fits[group].scale, d, format.highest_scale);
    const int min = nearest_below(fits[group].min, dmin, format.highest_scale);
    float least = std::numeric_limits<float>::infinity();
    for (const int s : {scale, scale - 1, scale + 1}) {
      for (const int m : {min, min - 1, min + 1}) {
        if (s < 0 || m < 0 || s > format.highest_scale || m > format.highest_scale) continue;
        uint8_t rounded[kBlock];
        const ScaleAndMin fit = {d * static_cast<float>(s), dmin * static_cast<float>(m)};
        const float error = round_group(numbers, w + first, fit, format.highest, rounded);
        if (error < least) {
          least = error;
          result.scales[group] = static_cast<uint8_t>(s);
          result.mins[group] = static_cast<uint8_t>(m);
          std::copy_n(rounded, format.group_size, result.q + first);
        }
      }
    }
  }
  return result;
}

uint8_t byte(int bits) { return static_cast<uint8_t>(bits); }

/// The inverse of k_scale().
void put_k_scales(const WithMin& fit, uint8_t* scales) {
  for (int group = 0; group < 4; ++group) {
    const uint8_t scale = fit.scales[group + 4];
    const uint8_t min = fit.mins[group + 4];
    scales[group] = byte(fit.scales[group] | (scale >> 4) << 6);
    scales[group + 4] = byte(fit.mins[group] | (min >> 4) << 6);
    scales[group + 8] = byte((scale & 15) | (min & 15) << 4);
  }
}

/// The low nibbles of groups 2k and 2k + 1 of 32 numbers share bytes.
void put_k_nibbles(const uint8_t* q, uint8_t* qs) {
  for (int pair = 0; pair < 4; ++pair) {
    for (int i = 0; i < 32; ++i) {
      qs[32 * pair + i] = byte((q[64 * pair + i] & 15) | (q[64 * pair + 32 + i] & 15) << 4);
    }
  }
}

/// Four runs of 32 numbers share 32 bytes of two bits each.
void put_bit_pairs(const uint8_t* q, int shift, uint8_t* qs) {
  for (int half = 0; half < 2; ++half) {
    for (int i = 0; i < 32; ++i) {
      int bits = 0;
      for (int run = 0; run < 4; ++run) {
        bits |= (q[128 * half + 32 * run + i] >> shift & 3) << 2 * run;
      }
      qs[32 * half + i] = byte(bits);
    }
  }
}

/// Bit `bit` of number i of eight runs of 32 numbers, as bit `run` of byte i.
void put_bits(const uint8_t* q, int bit, uint8_t* out) {
  for (int i = 0; i < 32; ++i) {
    int bits = 0;
    for (int run = 0; run < 8; ++run) bits |= (q[32 * run + i] >> bit & 1) << run;
    out[i] = byte(bits);
  }
}

void put_nibbles(const uint8_t* q, uint8_t* qs) {
  for (int i = 0; i < 16; ++i) qs[i] = byte(q[i] | q[i + 16] << 4);
}

}  // namespace

void encode(const float* x, BlockQ2K& block) {
  const WithMin fit = fit_with_min(x, {.group_size = 16, .highest = 3, .highest_scale = 15});
  block.d = fit.d;
  block.dmin = fit.dmin;
  for (int i = 0; i < 16; ++i) block.scales[i] = byte(fit.scales[i] | fit.mins[i] << 4);
  put_bit_pairs(fit.q, 0, block.qs);
}

void encode(const float* x, BlockQ3K& block) {
  const Symmetric fit = fit_symmetric(x, 16, -32, UniformLevels{4});
  block.d = fit.d;
  for (int i = 0; i < 4; ++i) {
    int high = 0;
    for (int j = 0; j < 4; ++j) high |= (fit.scales[i + 4 * j] + 32) >> 4 << 2 * j;
    block.scales[8 + i] = byte(high);
  }
  for (int i = 0; i < 8; ++i) {
    block.scales[i] = byte(((fit.scales[i] + 32) & 15) | ((fit.scales[i + 8] + 32) & 15) << 4);
  }
  put_bit_pairs(fit.q, 0, block.qs);
  put_bits(fit.q, 2, block.hmask);
}

void encode(const float* x, BlockQ4K& block) {
  const WithMin fit = fit_with_min(x, {.group_size = 32, .highest = 15, .highest_scale = 63});
  block.d = fit.d;
  block.dmin = fit.dmin;
  put_k_scales(fit, block.scales);
  put_k_nibbles(fit.q, block.qs);
}

void encode(const float* x, BlockQ5K& block) {
  const WithMin fit = fit_with_min(x, {.group_size = 32, .highest = 31, .highest_scale = 63});
  block.d = fit.d;
  block.dmin = fit.dmin;
  put_k_scales(fit, block.scales);
  put_k_nibbles(fit.q, block.qs);
  put_bits(fit.q, 4, block.qh);
}

void encode(const float* x, BlockQ6K& block) {
  const Symmetric fit = fit_symmetric(x, 16, -128, UniformLevels{32});
  block.d = fit.d;
  for (int i = 0; i < 16; ++i) block.scales[i] = static_cast<int8_t>(fit.scales[i]);
  for (int half = 0; half < 2; ++half) {
    for (int i = 0; i < 64; ++i) {
      const uint8_t* q = fit.q + 128 * half;
      block.ql[64 * half + i] = byte((q[i] & 15) | (q[i + 64] & 15) << 4);
    }
  }
  put_bit_pairs(fit.q, 4, block.qh);
}

void encode(const float* x, BlockIq4Nl& block) {
  const std::span<const float> numbers(x, 32);
  float w[32];
  error_weights(numbers, w);
  block.d = f32_to_f16(best_scale(numbers, w, Iq4Levels{}));
  uint8_t q[32];
  round_group(numbers, w, f16_to_f32(block.d), Iq4Levels{}, q);
  put_nibbles(q, block.qs);
}

void encode(const float* x, BlockIq4Xs& block) {
  const Symmetric fit = fit_symmetric(x, 32, -32, Iq4Levels{});
  block.d = fit.d;
  block.scales_h = 0;
  for (int group = 0; group < 8; ++group) {
    const int scale = fit.scales[group] + 32;
    uint8_t& low = block.scales_l[group / 2];
    low = byte(group % 2 == 0 ? scale & 15 : low | (scale & 15) << 4);
    block.scales_h = static_cast<uint16_t>(block.scales_h | scale >> 4 << 2 * group);
    put_nibbles(fit.q + 32 * group, block.qs + 16 * group);
  }
}

}  // namespace fathom::engine
