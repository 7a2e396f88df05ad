// Runs a text through a Model without an engine: a KV cache of its own, one sequence.
//
// Cache rows are handed out in falling order, so that a model that takes a position for a slot
// fails its test. What a model says of its logits (Batch::tops) is compared with them.

#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/backend.h"
#include "engine/kv_memory.h"
#include "engine/model.h"

namespace fathom::engine {

/// A model with the backend that it runs on.
struct LoadedModel {
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Model> model;
};

/// Errors: those of Checkpoint::open and load_model.
Result<LoadedModel> load(const std::filesystem::path& path, std::unique_ptr<Backend> backend,
                         const ModelOptions& options);
Result<LoadedModel> load(const std::filesystem::path& path, std::unique_ptr<Backend> backend,
                         int max_batch);

class ModelRunner final {
 public:
  /// Room for a text of `capacity` tokens. The model must outlive this.
  ModelRunner(LoadedModel& loaded, int capacity);

  /// Appends tokens in one step of at most max_batch; returns the logits [wanted.size(), vocab] of
  /// the rows `wanted`, counted from the first of `tokens`.
  std::vector<float> step(std::span<const TokenId> tokens, std::span<const int32_t> wanted);
  /// Draft logits of the rows that step() was last called with, each followed by `next`.
  std::vector<float> draft(std::span<const TokenId> next);

  /// Appends tokens in steps of `chunk`; returns the logits [positions.size(), vocab] at
  /// `positions`, counted from the beginning of the text, ascending.
  std::vector<float> run(std::span<const TokenId> tokens, std::span<const int32_t> positions,
                         int chunk);
  /// Appends `n` tokens, each the likeliest after what is there; `logits` are those of the last
  /// token of the text.
  std::vector<TokenId> greedy(std::vector<float> logits, int n);

  /// Forgets all tokens after the first `n`.
  void truncate(int n) { length_ = n; }
  int length() const { return length_; }
  /// The cache row of a position.
  SlotId slot(int position) const { return slots_[position]; }

  Probe* probe = nullptr;  // sees every step

 private:
  Batch batch_of_last_step();
  void expect_tops(std::span<const float> logits);

  Model& model_;
  KvMemory cache_;
  std::vector<SlotId> slots_;  // of every position
  int length_ = 0;

  // The last step.
  std::vector<TokenId> tokens_;
  std::vector<int32_t> positions_;
  std::vector<int32_t> wanted_;
  std::vector<TopLogits> tops_;  // none if too many rows are wanted
  SequenceRows rows_;
};

/// The logits [2, vocab] after two texts that are computed one by one, each in one batch.
std::vector<float> run_apart(LoadedModel& loaded, std::span<const TokenId> a,
                             std::span<const TokenId> b);

/// The logits [2, vocab] after two texts that are computed in one batch and share a KV cache.
std::vector<float> run_together(LoadedModel& loaded, std::span<const TokenId> a,
                                std::span<const TokenId> b);

TokenId likeliest(std::span<const float> logits);

}  // namespace fathom::engine
