// One request on its way through the engine.
//
// Engine thread only. Chooses tokens from logits; GenerationRecord holds what has been decided, the
// Engine what it computes with (slots, batches).

#pragma once

#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/generation_record.h"
#include "engine/sampler.h"

namespace fathom::engine {

class Job final {
 public:
  Job(GenerateRequest request, Generator::OnToken on_token, Generator::OnDone on_done,
      const Tokenizer& tokenizer, const ModelTraits& traits);

  /// Calls `observer` with every row of logits that take() is given, before it changes them.
  void observe_logits(std::function<void(std::span<const float>)> observer) {
    observer_ = std::move(observer);
  }

  const GenerateRequest& request() const { return record_.request(); }
  bool cancelled() const { return request().cancel.cancelled(); }

  /// Prompt and generated tokens; the model's KV cache may be behind.
  std::span<const TokenId> tokens() const { return record_.tokens(); }
  int n_prompt() const { return record_.n_prompt(); }
  bool finished() const { return record_.finished(); }

  /// Chooses the next token from `logits` (which it may change), tells the client, and decides
  /// whether to go on. Returns the token: the next of tokens() unless the job finished with an end
  /// token. Errors: internal (the logits are not numbers), unsupported (the vocabulary has no token
  /// that the constraint allows).
  Result<TokenId> take(std::span<float> logits);

  /// The prompt is computed as far as `reused`; prefill starts now. False if it had begun before:
  /// it is back after giving up its slots to a more urgent job.
  bool begin(int reused) { return record_.begin(reused); }
  /// The context is full: ends the job.
  void stop_at_context_end() { record_.stop(StopReason::context_full); }
  /// Only the prompt was wanted, and is computed: ends the job.
  void stop_behind_prompt() { record_.stop(StopReason::max_tokens); }

  /// Calls on_done. The job is over.
  void finish() { record_.finish(); }
  void fail(Error error) { record_.fail(std::move(error)); }

 private:
  void forbid_tokens(std::span<float> logits) const;
  void note_candidates(std::span<const float> logits, const Sampled& sampled);
  Sampled alternative(std::span<float> logits, const Sampled& likeliest) const;
  std::optional<Sampled> likeliest_fitting(std::span<float> logits, const Sampled& likeliest) const;

  GenerationRecord record_;
  std::function<void(std::span<const float>)> observer_;
  const ModelTraits& traits_;
  Sampler sampler_;
  std::vector<Candidate> candidates_;  // of the token that is taken
};

}  // namespace fathom::engine
