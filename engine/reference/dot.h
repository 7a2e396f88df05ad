// The sum behind every matrix product and attention score of the reference.

#pragma once

namespace fathom::engine::reference {

/// a . b in f64. Four sums, so that the processor does not wait for each addition.
inline double dot(const float* a, const float* b, int n) {
  double sums[4] = {};
  int i = 0;
  for (; i + 4 <= n; i += 4) {
    for (int j = 0; j < 4; ++j) sums[j] += double{a[i + j]} * b[i + j];
  }
  for (; i < n; ++i) sums[0] += double{a[i]} * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace fathom::engine::reference
