#include "editors/cli/replay_model.h"

#include <algorithm>

#include "engine/base/assert.h"

namespace fathom::cli {

Status ReplayModel::forward(const engine::Batch& batch, const engine::KvStore& cache,
                            std::span<float> logits, const engine::Interrupt& interrupt) {
  FATHOM_CHECK(model_->forward(batch, cache, logits, interrupt));
  FATHOM_ASSERT(batch.tops.size() == batch.logit_rows.size());
  next_.clear();
  for (size_t i = 0; i < batch.logit_rows.size(); ++i) {
    const auto position = static_cast<size_t>(batch.positions[batch.logit_rows[i]]) + 1;
    next_.push_back(position < text_.size() ? text_[position] : -1);
    if (next_.back() >= 0) batch.tops[i].likeliest[0].id = next_.back();
  }
  return {};
}

Status ReplayModel::all_logits(int i, std::span<float> logits) {
  FATHOM_CHECK(model_->all_logits(i, logits));
  if (next_[i] >= 0) logits[next_[i]] = *std::ranges::max_element(logits) + 1;
  return {};
}

}  // namespace fathom::cli
