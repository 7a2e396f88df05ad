// A model small enough to reason about: it remembers in the KV cache which token it saw at which
// position, and derives the logits from exactly the cache rows that the batch says it may see. A
// wrong slot, a stale row or a missing token changes its text.
//
// The text it writes: next token = hash of all tokens so far, modulo the vocabulary. With
// `draft_quality` q it also drafts, rightly q times in ten.

#pragma once

#include <functional>
#include <vector>

#include "engine/model.h"

namespace fathom::engine {

class FakeModel final : public Model {
 public:
  struct Options {
    int vocab_size = 512;
    int max_batch = 32;
    int draft_quality = -1;  // in tenths; -1: cannot draft
    std::function<void(const Batch&)> on_forward;
    std::function<bool()> is_lost;  // true: forward() fails
  };

  explicit FakeModel(Options options);

  const ModelSize& size() const override { return size_; }
  std::span<const int> cache_widths() const override { return widths_; }
  int max_batch() const override { return options_.max_batch; }
  Status forward(const Batch& batch, const KvStore& cache, std::span<float> logits,
                 const Interrupt& interrupt) override;
  Status all_logits(int i, std::span<float> logits) override;
  bool can_draft() const override { return options_.draft_quality >= 0; }
  Status draft(const Batch& batch, std::span<const TokenId> next, const KvStore& cache,
               std::span<float> logits) override;

  /// What it writes after `tokens`.
  std::vector<TokenId> text_after(std::vector<TokenId> tokens, int n) const;

  int n_forwards() const { return n_forwards_; }
  int n_rows() const { return n_rows_; }

 private:
  void give(const Batch& batch, std::span<float> logits);
  TokenId next_of(std::span<const TokenId> tokens) const;
  std::vector<TokenId> seen_by(const Batch& batch, int row, const KvStore& cache) const;

  Options options_;
  ModelSize size_;
  std::vector<int> widths_;
  std::vector<float> logits_;  // of the last step
  int n_forwards_ = 0;
  int n_rows_ = 0;
};

}  // namespace fathom::engine
