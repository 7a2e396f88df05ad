// Which part of a model a rank has. Plain values.
//
// Every rank works out the same cuts from the same numbers, so that all know what the others have.

#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "engine/parallel/communicator.h"

namespace fathom::engine {

/// Numbers [begin, end).
struct Range {
  int64_t begin = 0;
  int64_t end = 0;

  int64_t size() const { return end - begin; }
  bool empty() const { return begin == end; }
  /// Those that are below n.
  Range below(int64_t n) const { return {std::min(begin, n), std::min(end, n)}; }
  Range times(int64_t factor) const { return {begin * factor, end * factor}; }
};

inline constexpr Range kAll = {0, std::numeric_limits<int64_t>::max()};

struct Shard {
  int rank = 0;
  int n_ranks = 1;

  /// This rank's part of n things; sizes differ by one, and are 0 for some if there are few.
  Range part_of(int64_t n) const { return {n * rank / n_ranks, n * (rank + 1) / n_ranks}; }
  /// The same in whole units, the last of which may be shorter.
  Range part_of(int64_t n, int64_t unit) const {
    return part_of((n + unit - 1) / unit).times(unit).below(n);
  }
  /// The same if ranks can have equally many, and those of each have a multiple of `unit` columns,
  /// where each thing has `width`; else all.
  Range equal_part_of(int64_t n, int64_t width, int64_t unit) const {
    const bool fits = n % n_ranks == 0 && n / n_ranks * width % unit == 0;
    return fits ? part_of(n) : Range{0, n};
  }
};

/// Of a rank; null: the whole model.
inline Shard shard_of(const Communicator* ranks) {
  return ranks ? Shard{.rank = ranks->rank(), .n_ranks = ranks->size()} : Shard{};
}

}  // namespace fathom::engine
