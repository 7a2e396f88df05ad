// Attention over keys that are also the values: a window of tokens and pooled groups; in f64.
// Source: DeepSeek-V4's inference/model.py, class Attention.

#include <algorithm>
#include <cmath>

#include "engine/base/assert.h"
#include "engine/reference/dot.h"
#include "engine/reference/host_weight.h"
#include "engine/reference/reference_backend.h"

namespace fathom::engine {
namespace {

/// What the query at `position` sees.
void collect_keys(std::vector<const float*>& keys, Tensor cache, std::span<const SlotId> slots,
                  int position, const SharedKvAttention& attention, const int32_t* chosen) {
  keys.clear();
  const auto add = [&](int64_t at, int column) {
    FATHOM_ASSERT(slots[at] >= 0 && slots[at] < cache.rows);
    keys.push_back(cache.row(slots[at]) + column);
  };
  for (int p = std::max(0, position - attention.window + 1); p <= position; ++p) add(p, 0);

  const GroupKeys& pooled = attention.pooled;
  if (pooled.size == 0) return;
  const int n_complete = (position + 1) / pooled.size;
  const int n_groups = chosen ? std::min(n_complete, attention.chosen.limit) : n_complete;
  for (int i = 0; i < n_groups; ++i) {
    const int group = chosen ? chosen[i] : i;
    FATHOM_ASSERT(group >= 0 && group < n_complete);
    add(int64_t{group + 1} * pooled.size - 1, pooled.column);
  }
}

/// Scores become weights; `sink` takes the rest of them.
void softmax_with_sink(std::span<double> scores, double sink) {
  const double largest = std::max(*std::max_element(scores.begin(), scores.end()), sink);
  double sum = std::exp(sink - largest);
  for (double& score : scores) sum += score = std::exp(score - largest);
  for (double& score : scores) score /= sum;
}

}  // namespace

void ReferenceBackend::shared_kv_attention(Heads out, Heads q, Tensor cache,
                                           std::span<const SequenceRows> sequences,
                                           const SharedKvAttention& attention) {
  FATHOM_ASSERT(out.n_heads == q.n_heads && out.dim == q.dim && attention.window > 0);
  FATHOM_ASSERT(attention.pooled.column + q.dim <= cache.cols);
  FATHOM_ASSERT(attention.sinks->cols() == q.n_heads);
  base_.resize(q.n_heads);
  host_weight(*attention.sinks).read_row(0, 0, base_);

  // What a row can see at most, so that a longer text needs no more room.
  const size_t max_keys = std::min(attention.window, cache.rows) +
                          (attention.pooled.size > 0 ? cache.rows / attention.pooled.size : 0);
  for (ThreadScratch& scratch : thread_scratch_) {
    scratch.keys.reserve(max_keys);
    scratch.numbers.reserve(max_keys);
  }
  for (const SequenceRows& sequence : sequences) {
    const int first_position = static_cast<int>(sequence.slots.size()) - sequence.n_rows;
    const int64_t n_items = int64_t{sequence.n_rows} * q.n_heads;
    pool_.parallel_for(n_items, 1, [&](int64_t begin, int64_t end, int part) {
      ThreadScratch& scratch = thread_scratch_[part];
      for (int64_t item = begin; item < end; ++item) {
        const int i = static_cast<int>(item / q.n_heads);
        const int h = static_cast<int>(item % q.n_heads);
        const int64_t row = sequence.first_row + i;
        if (item == begin || h == 0) {
          const int32_t* chosen = attention.chosen.groups
                                      ? attention.chosen.groups + row * attention.chosen.limit
                                      : nullptr;
          collect_keys(scratch.keys, cache, sequence.slots, first_position + i, attention, chosen);
        }
        scratch.numbers.resize(scratch.keys.size());
        for (size_t k = 0; k < scratch.keys.size(); ++k)
          scratch.numbers[k] =
              reference::dot(q.at(row, h), scratch.keys[k], q.dim) * attention.scale;
        softmax_with_sink(scratch.numbers, base_[h]);
        scratch.sums.assign(q.dim, 0.0);
        for (size_t k = 0; k < scratch.keys.size(); ++k)
          for (int c = 0; c < q.dim; ++c)
            scratch.sums[c] += scratch.numbers[k] * scratch.keys[k][c];
        std::copy(scratch.sums.begin(), scratch.sums.end(), out.at(row, h));
      }
    });
  }
}

}  // namespace fathom::engine
