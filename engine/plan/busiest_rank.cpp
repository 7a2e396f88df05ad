#include "engine/plan/busiest_rank.h"

#include <algorithm>
#include <vector>

namespace fathom::engine {
namespace {

constexpr int kManyActive = 64;

/// Ways to choose 0, 1, ..., most of n.
std::vector<double> binomials(int n, int most) {
  std::vector<double> ways(most + 1, 0.0);
  ways[0] = 1;
  for (int k = 1; k <= std::min(n, most); ++k) ways[k] = ways[k - 1] * (n - k + 1) / k;
  return ways;
}

}  // namespace

double experts_on_busiest_rank(int n_experts, int n_active, int n_ranks) {
  // More than any model has: they fall nearly evenly, and the ways to choose them exceed a double.
  if (n_active > kManyActive) return static_cast<double>(n_active) / n_ranks;
  const int share = (n_experts + n_ranks - 1) / n_ranks;
  // Likelihoods are ways to choose with at most `limit` on each rank, of all ways to choose.
  const double all_ways = binomials(share * n_ranks, n_active)[n_active];
  double mean = 0;
  for (int limit = 0; limit < n_active; ++limit) {
    const std::vector<double> one = binomials(share, limit);
    std::vector<double> ways(n_active + 1, 0.0);  // to have chosen so many on the ranks so far
    ways[0] = 1;
    for (int rank = 0; rank < n_ranks; ++rank) {
      for (int n = n_active; n >= 0; --n) {
        double sum = 0;
        for (int k = 0; k <= std::min(n, limit); ++k) sum += ways[n - k] * one[k];
        ways[n] = sum;
      }
    }
    mean += 1 - ways[n_active] / all_ways;  // the mean of whole numbers: sum of P(more than limit)
  }
  return mean;
}

}  // namespace fathom::engine
