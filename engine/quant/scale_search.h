// Scales that make small integers fit numbers best: sum of w (x - scale * q)^2 or, with a minimum,
// of w (x - (scale * q - min))^2 is least over a few dozen ways to round x to q.
//
// For each candidate the numbers are rounded, and the scale (and minimum) that fit this rounding
// best are those of linear regression; the best of these fits wins. The weights w = |x| + rms(x)
// favour large numbers, which matter more in a sum of products, without giving up the small ones.
//
// Groups have 16 or 32 numbers, all finite and within +-65504. Any thread; deterministic.

#pragma once

#include <span>

#include "engine/quant/blocks.h"

namespace fathom::engine {

/// Levels -size, ..., size - 1; index 0 is the lowest.
struct UniformLevels {
  int size;

  int lowest() const { return -size; }
  int highest() const { return size - 1; }
  int index_of(float x) const {
    const float low = static_cast<float>(-size);
    const float high = static_cast<float>(size - 1);
    const float inside = x < low ? low : x > high ? high : x;
    return static_cast<int>(inside - low + 0.5f);
  }
  float value(int index) const { return static_cast<float>(index - size); }
};

/// The levels of IQ4_NL and IQ4_XS.
struct Iq4Levels {
  int lowest() const { return kIq4Values[0]; }
  int highest() const { return kIq4Values[15]; }
  int index_of(float x) const {
    int index = 0;
    for (int i = 0; i < 15; ++i) {
      index += 2.0f * x > static_cast<float>(kIq4Values[i] + kIq4Values[i + 1]) ? 1 : 0;
    }
    return index;
  }
  float value(int index) const { return kIq4Values[index]; }
};

/// w[i] = |x[i]| + rms(x); zeros if x is.
void error_weights(std::span<const float> x, std::span<float> w);

/// The scale of least error for levels of either sign; 0 for numbers that are (nearly) nothing.
float best_scale(std::span<const float> x, std::span<const float> w, UniformLevels levels);
float best_scale(std::span<const float> x, std::span<const float> w, Iq4Levels levels);

struct ScaleAndMin {
  float scale;  // >= 0
  float min;    // >= 0
};

/// For levels 0, ..., highest and numbers scale * level - min.
ScaleAndMin best_scale_and_min(std::span<const float> x, std::span<const float> w, int highest);

}  // namespace fathom::engine
