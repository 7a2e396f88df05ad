#include "engine/quant/scale_search.h"

#include <algorithm>
#include <cmath>

#include "engine/base/assert.h"

namespace fathom::engine {
namespace {

/// Sums that a compiler can keep in vectors; groups are whole multiples.
constexpr int kLanes = 8;

/// Numbers below this vanish in any block: its f16 scale cannot be less than 2^-24 but for 0.
constexpr float kNothing = 1e-20f;

/// How far the candidates are from the scale that maps the largest number to the last level, in
/// levels: beyond +-1 another number is the largest that is not clamped.
constexpr float kReach = 0.95f;
constexpr int kSteps = 7;

float candidate(int step) { return kReach * (2.0f * static_cast<float>(step) / (kSteps - 1) - 1); }

float sum(const float* lanes) {
  float total = 0.0f;
  for (int i = 0; i < kLanes; ++i) total += lanes[i];
  return total;
}

template <class Levels>
float search(std::span<const float> x, std::span<const float> w, Levels levels) {
  FATHOM_ASSERT(x.size() % kLanes == 0 && w.size() == x.size());
  float peak = 0.0f;
  for (const float number : x)
    if (std::fabs(number) > std::fabs(peak)) peak = number;
  if (std::fabs(peak) < kNothing) return 0.0f;

  float best = 0.0f;
  float best_gain = 0.0f;
  for (const int end : {levels.lowest(), levels.highest()}) {
    const float unit = static_cast<float>(std::abs(end)) / 16;  // wider steps for more levels
    for (int step = 0; step < kSteps; ++step) {
      const float reach = candidate(step) * std::max(1.0f, unit);
      const float inverse = (static_cast<float>(end) + reach) / peak;
      float xq[kLanes] = {};
      float qq[kLanes] = {};
      for (size_t i = 0; i < x.size(); i += kLanes) {
        for (int lane = 0; lane < kLanes; ++lane) {
          const float q = levels.value(levels.index_of(x[i + lane] * inverse));
          xq[lane] += w[i + lane] * x[i + lane] * q;
          qq[lane] += w[i + lane] * q * q;
        }
      }
      // The squared error is sum(w x^2) - gain.
      const float sum_qq = sum(qq);
      if (sum_qq <= 0.0f) continue;
      const float scale = sum(xq) / sum_qq;
      const float gain = scale * sum(xq);
      if (gain > best_gain) {
        best_gain = gain;
        best = scale;
      }
    }
  }
  return best;
}

/// Sums over a group of weights times products of x and q.
struct Moments {
  double w = 0, x = 0, q = 0, xq = 0, qq = 0;
};

/// The line through the points (q, x): x ~ scale * q + offset with scale >= 0 and offset <= 0, and
/// by how much its squared error is less than sum(w x^2).
struct Line {
  double scale = 0, offset = 0, gain = 0;
};

Line regression(const Moments& m) {
  const double determinant = m.w * m.qq - m.q * m.q;
  if (determinant > 0) {
    const double scale = (m.w * m.xq - m.x * m.q) / determinant;
    const double offset = (m.qq * m.x - m.q * m.xq) / determinant;
    if (scale >= 0 && offset <= 0) return {scale, offset, scale * m.xq + offset * m.x};
  }
  // The best line at the border of what is allowed: through 0, or level.
  const double scale = m.qq > 0 ? std::max(0.0, m.xq / m.qq) : 0.0;
  const double offset = m.w > 0 ? std::min(0.0, m.x / m.w) : 0.0;
  if (offset * m.x > scale * m.xq) return {0.0, offset, offset * m.x};
  return {scale, 0.0, scale * m.xq};
}

}  // namespace

void error_weights(std::span<const float> x, std::span<float> w) {
  double squares = 0.0;
  for (const float number : x) squares += double{number} * number;
  const float rms = static_cast<float>(std::sqrt(squares / static_cast<double>(x.size())));
  for (size_t i = 0; i < x.size(); ++i) w[i] = std::fabs(x[i]) + rms;
}

float best_scale(std::span<const float> x, std::span<const float> w, UniformLevels levels) {
  return search(x, w, levels);
}

float best_scale(std::span<const float> x, std::span<const float> w, Iq4Levels levels) {
  return search(x, w, levels);
}

ScaleAndMin best_scale_and_min(std::span<const float> x, std::span<const float> w, int highest) {
  FATHOM_ASSERT(x.size() % kLanes == 0 && w.size() == x.size());
  const float low = std::min(0.0f, *std::min_element(x.begin(), x.end()));
  const float high = std::max(0.0f, *std::max_element(x.begin(), x.end()));
  if (high - low < kNothing) return {0.0f, 0.0f};
  const float last = static_cast<float>(highest);

  Line best;
  for (int step = 0; step < kSteps; ++step) {
    const float inverse = (last + candidate(step)) / (high - low);
    // The lowest level at the lowest number, or half a level further in.
    for (const float start : {low, low + 0.5f / inverse}) {
      float sum_x[kLanes] = {};
      float sum_w[kLanes] = {};
      float sum_q[kLanes] = {};
      float sum_xq[kLanes] = {};
      float sum_qq[kLanes] = {};
      for (size_t i = 0; i < x.size(); i += kLanes) {
        for (int lane = 0; lane < kLanes; ++lane) {
          const float number = x[i + lane];
          const float weight = w[i + lane];
          const float steps = (number - start) * inverse;
          const float inside = steps < 0.0f ? 0.0f : steps > last ? last : steps;
          const float q = static_cast<float>(static_cast<int>(inside + 0.5f));
          sum_w[lane] += weight;
          sum_x[lane] += weight * number;
          sum_q[lane] += weight * q;
          sum_xq[lane] += weight * number * q;
          sum_qq[lane] += weight * q * q;
        }
      }
      const Line line = regression({sum(sum_w), sum(sum_x), sum(sum_q), sum(sum_xq), sum(sum_qq)});
      if (line.gain > best.gain) best = line;
    }
  }
  return {static_cast<float>(best.scale), static_cast<float>(-best.offset)};
}

}  // namespace fathom::engine
