// One request on its way through the engine.
//
// Engine thread only. Holds what the job has decided (tokens, text, counts); the Engine holds what
// it computes with (slots, batches).

#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/generator.h"
#include "engine/sampler.h"
#include "engine/stop_strings.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::engine {

class Job final {
 public:
  Job(GenerateRequest request, Generator::OnToken on_token, Generator::OnDone on_done,
      const Tokenizer& tokenizer, const ModelTraits& traits);

  /// Calls `observer` with every row of logits that take() is given, before it changes them.
  void observe_logits(std::function<void(std::span<const float>)> observer) {
    observer_ = std::move(observer);
  }

  const GenerateRequest& request() const { return request_; }
  bool cancelled() const { return request_.cancel.cancelled(); }

  /// Prompt and generated tokens; the model's KV cache may be behind.
  std::span<const TokenId> tokens() const { return tokens_; }
  int n_prompt() const { return static_cast<int>(request_.prompt.size()); }
  bool finished() const { return stop_.has_value(); }

  /// Chooses the next token from `logits` (which it may change), tells the client, and decides
  /// whether to go on. Returns the token: the next of tokens() unless the job finished with an end
  /// token. Errors: internal (the logits are not numbers), unsupported (the vocabulary has no token
  /// that the constraint allows).
  Result<TokenId> take(std::span<float> logits);

  /// The prompt is computed as far as `reused`; prefill starts now. False if it had begun before.
  bool begin(int reused);
  /// The context is full: ends the job.
  void stop_at_context_end() { stop_ = StopReason::context_full; }
  /// Only the prompt was wanted, and is computed: ends the job.
  void stop_behind_prompt() { stop_ = StopReason::max_tokens; }

  /// Calls on_done. The job is over.
  void finish();
  void fail(Error error);

 private:
  using Clock = std::chrono::steady_clock;

  void forbid_tokens(std::span<float> logits) const;
  Sampled alternative(std::span<float> logits, const Sampled& likeliest) const;
  bool fits(TokenId id) const;
  std::optional<Sampled> likeliest_fitting(std::span<float> logits, const Sampled& likeliest) const;
  bool is_end_token(TokenId id) const;

  GenerateRequest request_;
  Generator::OnToken on_token_;
  Generator::OnDone on_done_;
  std::function<void(std::span<const float>)> observer_;
  const Tokenizer& tokenizer_;
  const ModelTraits& traits_;
  Sampler sampler_;

  std::vector<TokenId> tokens_;
  std::string forced_rest_;  // of forced_prefix, not generated yet
  StopStrings stop_strings_;
  std::optional<StopReason> stop_;
  double sum_logprob_ = 0;
  int n_sampled_ = 0;
  int n_reused_ = -1;  // -1: not begun
  Clock::time_point submitted_ = Clock::now();
  Clock::time_point begun_ = submitted_;
  Clock::time_point first_token_ = submitted_;
};

}  // namespace fathom::engine
