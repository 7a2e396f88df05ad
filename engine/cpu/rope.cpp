// Rotary embedding. Sines and cosines in f64 as in the reference; a decode step asks for the same
// ones for q and k of every layer, so the last table is kept.

#include <algorithm>
#include <cmath>

#include "engine/base/assert.h"
#include "engine/cpu/cpu_backend.h"

namespace fathom::engine::cpu {
namespace {

/// Pair i is (x[i * step], x[i * step + distance]); cos_sin [n_pairs, 2].
void rotate(float* x, const float* cos_sin, int n_pairs, int step, int distance) {
  for (int i = 0; i < n_pairs; ++i) {
    const float a = x[i * step];
    const float b = x[i * step + distance];
    const float cosine = cos_sin[2 * i];
    const float sine = cos_sin[2 * i + 1];
    x[i * step] = a * cosine - b * sine;
    x[i * step + distance] = a * sine + b * cosine;
  }
}

}  // namespace

const float* CpuBackend::rotations(std::span<const int32_t> positions, const Rope& rope) {
  const auto& frequencies = rope.inverse_frequencies;
  const bool same = rotations_.magnitude == rope.magnitude &&
                    std::ranges::equal(rotations_.positions, positions) &&
                    rotations_.inverse_frequencies == frequencies;
  if (same) return rotations_.cos_sin.data();

  rotations_.magnitude = rope.magnitude;
  rotations_.positions.assign(positions.begin(), positions.end());
  rotations_.inverse_frequencies.assign(frequencies.begin(), frequencies.end());
  rotations_.cos_sin.resize(2 * positions.size() * frequencies.size());
  const int64_t n_pairs = static_cast<int64_t>(frequencies.size());
  const int64_t n_rows = static_cast<int64_t>(positions.size());
  share(n_rows, n_rows * n_pairs * 40, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      float* out = rotations_.cos_sin.data() + 2 * row * n_pairs;
      for (int64_t i = 0; i < n_pairs; ++i) {
        const double angle = double{frequencies[i]} * positions[row];
        out[2 * i] = static_cast<float>(std::cos(angle) * rope.magnitude);
        out[2 * i + 1] = static_cast<float>(std::sin(angle) * rope.magnitude);
      }
    }
  });
  return rotations_.cos_sin.data();
}

void CpuBackend::rope(Heads x, std::span<const int32_t> positions, const Rope& rope) {
  const int n_pairs = x.dim / 2;
  FATHOM_ASSERT(x.rows == static_cast<int>(positions.size()));
  FATHOM_ASSERT(static_cast<int>(rope.inverse_frequencies.size()) == n_pairs);
  const float* cos_sin = rotations(positions, rope);
  const bool interleaved = rope.layout == RopeLayout::interleaved;
  share(x.rows, int64_t{x.rows} * x.n_heads * x.dim, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      const float* row_cos_sin = cos_sin + 2 * row * n_pairs;
      for (int head = 0; head < x.n_heads; ++head) {
        rotate(x.at(row, head), row_cos_sin, n_pairs, interleaved ? 2 : 1,
               interleaved ? 1 : n_pairs);
      }
    }
  });
}

}  // namespace fathom::engine::cpu
