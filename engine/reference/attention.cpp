// Softmax attention: out = sum over positions p of softmax(scores)[p] * values[p], in f64, with
// the largest score subtracted before exp so that nothing overflows.

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/base/assert.h"
#include "engine/reference/cache_numbers.h"
#include "engine/reference/dot.h"
#include "engine/reference/reference_backend.h"

namespace fathom::engine {
namespace {

// One row of the batch together with its sequence.
struct Query {
  int row = 0;
  std::span<const SlotId> visible;  // cache rows of the positions it sees
};

std::vector<Query> queries_of(std::span<const SequenceRows> sequences, int n_rows,
                              const CacheRows& cache) {
  std::vector<Query> queries;
  for (const SequenceRows& sequence : sequences) {
    FATHOM_ASSERT(sequence.n_rows <= static_cast<int>(sequence.slots.size()));
    FATHOM_ASSERT(sequence.first_row >= 0 && sequence.first_row + sequence.n_rows <= n_rows);
    for (const SlotId slot : sequence.slots) FATHOM_ASSERT(slot >= 0 && slot < cache.rows);
    const size_t first_position = sequence.slots.size() - sequence.n_rows;
    for (int i = 0; i < sequence.n_rows; ++i) {
      queries.push_back({sequence.first_row + i, sequence.slots.first(first_position + i + 1)});
    }
  }
  return queries;
}

void softmax(std::span<double> scores) {
  const double largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0.0;
  for (double& score : scores) {
    score = std::exp(score - largest);
    sum += score;
  }
  for (double& score : scores) score /= sum;
}

/// out [dim] = sum over p of weights[p] * cache[slots[p]][column .. column + dim).
void weighted_sum(float* out, int dim, std::span<const double> weights, const CacheRows& cache,
                  std::span<const SlotId> slots, int column) {
  std::vector<double> sums(dim, 0.0);
  reference::CacheNumbers numbers;
  for (size_t p = 0; p < slots.size(); ++p) {
    const float* value = numbers.read(cache, slots[p], column, dim);
    for (int i = 0; i < dim; ++i) sums[i] += weights[p] * value[i];
  }
  std::copy(sums.begin(), sums.end(), out);
}

}  // namespace

void ReferenceBackend::attention(Heads out, Heads q, CacheRows cache,
                                 std::span<const SequenceRows> sequences, int n_kv_heads,
                                 float scale) {
  FATHOM_ASSERT(q.n_heads % n_kv_heads == 0 && out.n_heads == q.n_heads && out.dim == q.dim);
  FATHOM_ASSERT(cache.cols == 2 * n_kv_heads * q.dim);
  const std::vector<Query> queries = queries_of(sequences, q.rows, cache);
  const int64_t n_items = static_cast<int64_t>(queries.size()) * q.n_heads;
  pool_.parallel_for(n_items, 1, [&](int64_t begin, int64_t end, int) {
    std::vector<double> scores;
    reference::CacheNumbers numbers;
    for (int64_t item = begin; item < end; ++item) {
      const Query& query = queries[item / q.n_heads];
      const int head = static_cast<int>(item % q.n_heads);
      const int key_column = head / (q.n_heads / n_kv_heads) * q.dim;
      scores.resize(query.visible.size());
      for (size_t p = 0; p < scores.size(); ++p) {
        const float* key = numbers.read(cache, query.visible[p], key_column, q.dim);
        scores[p] = reference::dot(q.at(query.row, head), key, q.dim) * scale;
      }
      softmax(scores);
      weighted_sum(out.at(query.row, head), q.dim, scores, cache, query.visible,
                   n_kv_heads * q.dim + key_column);
    }
  });
}

void ReferenceBackend::latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                                        std::span<const SequenceRows> sequences, float scale) {
  FATHOM_ASSERT(q_latent.n_heads == q_pe.n_heads && q_latent.rows == q_pe.rows);
  FATHOM_ASSERT(out.n_heads == q_latent.n_heads && out.dim == q_latent.dim);
  FATHOM_ASSERT(cache.cols == q_latent.dim + q_pe.dim);
  const std::vector<Query> queries = queries_of(sequences, q_latent.rows, cache);
  const int64_t n_items = static_cast<int64_t>(queries.size()) * q_latent.n_heads;
  pool_.parallel_for(n_items, 1, [&](int64_t begin, int64_t end, int) {
    std::vector<double> scores;
    reference::CacheNumbers numbers;
    for (int64_t item = begin; item < end; ++item) {
      const Query& query = queries[item / q_latent.n_heads];
      const int head = static_cast<int>(item % q_latent.n_heads);
      scores.resize(query.visible.size());
      for (size_t p = 0; p < scores.size(); ++p) {
        const float* c = numbers.read(cache, query.visible[p], 0, cache.cols);
        const float* k_pe = c + q_latent.dim;
        scores[p] = (reference::dot(q_latent.at(query.row, head), c, q_latent.dim) +
                     reference::dot(q_pe.at(query.row, head), k_pe, q_pe.dim)) *
                    scale;
      }
      softmax(scores);
      weighted_sum(out.at(query.row, head), q_latent.dim, scores, cache, query.visible, 0);
    }
  });
}

// A row that sees chosen positions is a sequence of those positions whose last row it is.
void ReferenceBackend::chosen_latent_attention(Heads out, Heads q_latent, Heads q_pe,
                                               CacheRows cache,
                                               std::span<const SequenceRows> sequences,
                                               ChosenGroups chosen, float scale) {
  chosen_slots_.resize(int64_t{q_latent.rows} * chosen.limit);
  chosen_sequences_.clear();
  for (const SequenceRows& sequence : sequences) {
    for (int row = sequence.first_row; row < sequence.first_row + sequence.n_rows; ++row) {
      const int64_t begin = int64_t{row} * chosen.limit;
      int n = 0;
      for (; n < chosen.limit && chosen.groups[begin + n] >= 0; ++n)
        chosen_slots_[begin + n] = sequence.slots[chosen.groups[begin + n]];
      FATHOM_ASSERT(n > 0);
      chosen_sequences_.push_back({row, 1, std::span(chosen_slots_).subspan(begin, n)});
    }
  }
  latent_attention(out, q_latent, q_pe, cache, chosen_sequences_, scale);
}

}  // namespace fathom::engine
