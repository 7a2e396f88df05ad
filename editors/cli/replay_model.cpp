#include "editors/cli/replay_model.h"

#include <algorithm>

namespace fathom::cli {

Status ReplayModel::forward(const engine::Batch& batch, const engine::KvStore& cache,
                            std::span<float> logits, const engine::Interrupt& interrupt) {
  FATHOM_CHECK(model_->forward(batch, cache, logits, interrupt));
  const auto vocab_size = static_cast<size_t>(size().vocab_size);
  for (size_t i = 0; i < batch.logit_rows.size(); ++i) {
    const auto next = static_cast<size_t>(batch.positions[batch.logit_rows[i]]) + 1;
    if (next >= text_.size()) continue;
    const std::span<float> row = logits.subspan(i * vocab_size, vocab_size);
    row[text_[next]] = *std::ranges::max_element(row) + 1;
  }
  return {};
}

}  // namespace fathom::cli
