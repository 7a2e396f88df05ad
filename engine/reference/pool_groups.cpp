// Pools the tokens of a group into one key, each column by a softmax of its own; in f64.
// Source: DeepSeek-V4's inference/model.py, class Compressor.

#include <algorithm>
#include <cmath>

#include "engine/base/assert.h"
#include "engine/reference/host_weight.h"
#include "engine/reference/reference_backend.h"

namespace fathom::engine {

void ReferenceBackend::pool_groups(Tensor out, Tensor cache,
                                   std::span<const SequenceRows> sequences,
                                   const GroupPooling& pooling) {
  const int dim = pooling.dim;
  const int size = pooling.size;
  const int width = pooling.overlaps ? 2 * dim : dim;
  FATHOM_ASSERT(size > 0 && out.cols == dim && pooling.column + 2 * width <= cache.cols);
  FATHOM_ASSERT(pooling.position_bias->rows() == size && pooling.position_bias->cols() == width);
  base_.resize(size_t(size) * width);
  for (int i = 0; i < size; ++i) {
    const std::span bias = std::span(base_).subspan(size_t(i) * width, width);
    host_weight(*pooling.position_bias).read_row(0, i, bias);
  }

  std::vector<double>& weights = thread_scratch_[0].numbers;
  for (const SequenceRows& sequence : sequences) {
    const int first_position = static_cast<int>(sequence.slots.size()) - sequence.n_rows;
    for (int i = 0; i < sequence.n_rows; ++i) {
      const int end = first_position + i + 1;
      float* pooled = out.row(sequence.first_row + i);
      if (end % size != 0) {
        std::fill_n(pooled, dim, 0.0f);
        continue;
      }
      const int begin = pooling.overlaps && end >= 2 * size ? end - 2 * size : end - size;
      for (const SlotId slot : sequence.slots.subspan(begin, end - begin))
        FATHOM_ASSERT(slot >= 0 && slot < cache.rows);
      weights.resize(end - begin);
      for (int c = 0; c < dim; ++c) {
        // Where a token's number is: the own group shows its last columns if groups overlap.
        const auto column_of = [&](int position) {
          return c + (pooling.overlaps && position >= end - size ? dim : 0);
        };
        const auto numbers_of = [&](int position) {
          return cache.row(sequence.slots[position]) + pooling.column;
        };
        for (int p = begin; p < end; ++p) {
          const int column = column_of(p);
          weights[p - begin] =
              double{numbers_of(p)[width + column]} + base_[size_t(p % size) * width + column];
        }
        const double largest = *std::max_element(weights.begin(), weights.end());
        double sum = 0.0;
        double result = 0.0;
        for (int p = begin; p < end; ++p) {
          const double weight = std::exp(weights[p - begin] - largest);
          sum += weight;
          result += weight * numbers_of(p)[column_of(p)];
        }
        pooled[c] = static_cast<float>(result / sum);
      }
    }
  }
}

}  // namespace fathom::engine
