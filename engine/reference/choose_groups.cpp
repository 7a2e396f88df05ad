// The lightning indexer: which groups of earlier tokens a query attends to.
// Source: class Indexer of inference/model.py of DeepSeek-V3.2-Exp and -V4.

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/base/assert.h"
#include "engine/reference/dot.h"
#include "engine/reference/reference_backend.h"

namespace fathom::engine {
namespace {

constexpr int kGrain = 16;  // keys: waking a thread costs as much as a few of them

double score(Heads q, Tensor weights, int row, const float* key) {
  double sum = 0.0;
  for (int h = 0; h < q.n_heads; ++h)
    sum += weights.row(row)[h] * std::max(reference::dot(q.at(row, h), key, q.dim), 0.0);
  return std::isnan(sum) ? -HUGE_VAL : sum;  // an order needs numbers
}

}  // namespace

void ReferenceBackend::choose_groups(ChosenGroups chosen, Heads q, Tensor weights, Tensor cache,
                                     std::span<const SequenceRows> sequences, GroupKeys keys) {
  FATHOM_ASSERT(weights.cols == q.n_heads && weights.rows == q.rows && chosen.limit > 0);
  FATHOM_ASSERT(keys.size > 0 && keys.column + q.dim <= cache.cols);
  group_scores_.reserve(cache.rows / keys.size);  // no text has more groups
  group_order_.reserve(cache.rows / keys.size);
  for (const SequenceRows& sequence : sequences) {
    const int first_position = static_cast<int>(sequence.slots.size()) - sequence.n_rows;
    for (int i = 0; i < sequence.n_rows; ++i) {
      const int row = sequence.first_row + i;
      const int n_groups = (first_position + i + 1) / keys.size;
      int32_t* out = chosen.groups + int64_t{row} * chosen.limit;
      const int n_chosen = std::min(n_groups, chosen.limit);
      std::fill(out + n_chosen, out + chosen.limit, -1);
      group_order_.resize(n_groups);
      std::iota(group_order_.begin(), group_order_.end(), 0);
      if (n_chosen < n_groups) {
        group_scores_.resize(n_groups);
        pool_.parallel_for(n_groups, kGrain, [&](int64_t begin, int64_t end, int) {
          for (int64_t g = begin; g < end; ++g) {
            const SlotId slot = sequence.slots[(g + 1) * keys.size - 1];
            FATHOM_ASSERT(slot >= 0 && slot < cache.rows);
            group_scores_[g] = score(q, weights, row, cache.row(slot) + keys.column);
          }
        });
        std::partial_sort(group_order_.begin(), group_order_.begin() + n_chosen, group_order_.end(),
                          [&](int a, int b) {
                            const double first = group_scores_[a];
                            const double second = group_scores_[b];
                            return first != second ? first > second : a < b;
                          });
      }
      std::copy_n(group_order_.begin(), n_chosen, out);
      std::sort(out, out + n_chosen);
    }
  }
}

}  // namespace fathom::engine
