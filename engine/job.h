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

  /// Calls `observer` with every row of logits that a token is chosen from.
  void observe_logits(std::function<void(std::span<const float>)> observer) {
    observer_ = std::move(observer);
  }

  const GenerateRequest& request() const { return record_.request(); }
  bool cancelled() const { return request().cancel.cancelled(); }

  /// Prompt and generated tokens; the model's KV cache may be behind.
  std::span<const TokenId> tokens() const { return record_.tokens(); }
  int n_prompt() const { return record_.n_prompt(); }
  bool finished() const { return record_.finished(); }

  /// What the `top` of take() has to be of.
  float temperature() const { return sampler_.temperature(); }

  /// All logits of a row, which whoever asks may change; asked again they are as they were.
  using AllLogits = std::function<Result<std::span<float>>()>;
  /// Chooses the next token by what is said of its logits, and by all of them where that is not
  /// enough; tells the client, and decides whether to go on. Returns the token: the next of
  /// tokens() unless the job finished with an end token. Errors: internal (the logits are not
  /// numbers), unsupported (the vocabulary has no token that the constraint allows), those of
  /// `all_logits`.
  Result<TokenId> take(TopLogits top, const AllLogits& all_logits);

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
  bool forbids_tokens() const;
  Result<std::span<float>> permitted(const AllLogits& all_logits) const;
  void note_candidates(const TopLogits& top);
  TokenLogit alternative(const TopLogits& top) const;
  Result<TokenLogit> likeliest_fitting(const TopLogits& top, const AllLogits& all_logits) const;

  GenerationRecord record_;
  std::function<void(std::span<const float>)> observer_;
  const ModelTraits& traits_;
  Sampler sampler_;
  std::vector<Candidate> candidates_;  // of the token that is taken
};

}  // namespace fathom::engine
