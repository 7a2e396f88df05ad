// The lightning indexer: which groups of earlier tokens a query attends to.
// Source: class Indexer of inference/model.py of DeepSeek-V3.2-Exp and -V4.

#include <algorithm>
#include <cmath>

#include "engine/base/assert.h"
#include "engine/reference/dot.h"
#include "engine/reference/reference_backend.h"

namespace fathom::engine {

void ReferenceBackend::choose_groups(ChosenGroups chosen, Heads q, Tensor weights, Tensor cache,
                                     std::span<const SequenceRows> sequences, GroupKeys keys) {
  FATHOM_ASSERT(weights.cols == q.n_heads && weights.rows == q.rows && chosen.limit > 0);
  FATHOM_ASSERT(keys.size > 0 && keys.column + q.dim <= cache.cols);
  for (const SequenceRows& sequence : sequences) {
    const int first_position = static_cast<int>(sequence.slots.size()) - sequence.n_rows;
    pool_.parallel_for(sequence.n_rows, 1, [&](int64_t begin, int64_t end, int part) {
      std::vector<double>& scores = thread_scratch_[part].numbers;
      std::vector<int32_t>& order = thread_scratch_[part].order;
      for (int64_t i = begin; i < end; ++i) {
        const int64_t row = sequence.first_row + i;
        const int n_groups = static_cast<int>(first_position + i + 1) / keys.size;
        scores.assign(n_groups, 0.0);
        order.resize(n_groups);
        for (int g = 0; g < n_groups; ++g) {
          const SlotId slot = sequence.slots[int64_t{g + 1} * keys.size - 1];
          FATHOM_ASSERT(slot >= 0 && slot < cache.rows);
          const float* key = cache.row(slot) + keys.column;
          for (int h = 0; h < q.n_heads; ++h)
            scores[g] +=
                weights.row(row)[h] * std::max(reference::dot(q.at(row, h), key, q.dim), 0.0);
          if (std::isnan(scores[g])) scores[g] = -HUGE_VAL;  // an order needs numbers
          order[g] = g;
        }
        const int n_chosen = std::min(n_groups, chosen.limit);
        std::partial_sort(order.begin(), order.begin() + n_chosen, order.end(), [&](int a, int b) {
          return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
        });
        int32_t* out = chosen.groups + row * chosen.limit;
        std::copy_n(order.begin(), n_chosen, out);
        std::sort(out, out + n_chosen);
        std::fill(out + n_chosen, out + chosen.limit, -1);
      }
    });
  }
}

}  // namespace fathom::engine
