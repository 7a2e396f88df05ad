// Sequences of a batch for tests of attention.

#pragma once

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "engine/backend.h"

namespace fathom::engine::test {

/// Sequences whose tokens lie scattered in one cache, each with some rows in the batch.
struct Sequences {
  struct Length {
    int n_before, n_rows;
  };

  explicit Sequences(const std::vector<Length>& lengths) {
    for (const Length& length : lengths) n_slots += length.n_before + length.n_rows;
    std::vector<SlotId> shuffled(n_slots);
    std::iota(shuffled.begin(), shuffled.end(), 0);
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(9));
    auto next = shuffled.begin();
    for (const Length& length : lengths) {
      const auto end = next + length.n_before + length.n_rows;
      slots.emplace_back(next, end);
      next = end;
    }
    for (size_t i = 0; i < lengths.size(); ++i) {
      rows.push_back({n_rows, lengths[i].n_rows, slots[i]});
      n_rows += lengths[i].n_rows;
    }
  }

  int n_slots = 0;
  int n_rows = 0;
  std::vector<std::vector<SlotId>> slots;
  std::vector<SequenceRows> rows;
};

}  // namespace fathom::engine::test
