// A request and what has been generated for it: the rules that say when its text is complete, and
// what is reported of it. They are the same wherever the tokens come from.
//
// Threads: the generator's.

#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/generator.h"
#include "engine/stop_strings.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::engine {

/// Errors: invalid_argument (no tokens, too many of them, one that the vocabulary does not have).
Status check_request(const GenerateRequest& request, int context_tokens, int vocab_size);

class GenerationRecord final {
 public:
  GenerationRecord(GenerateRequest request, Generator::OnToken on_token, Generator::OnDone on_done,
                   const Tokenizer& tokenizer, const ModelTraits& traits);

  const GenerateRequest& request() const { return request_; }
  /// Prompt and generated tokens.
  std::span<const TokenId> tokens() const { return tokens_; }
  int n_prompt() const { return static_cast<int>(request_.prompt.size()); }
  /// Tokens that were taken, an end token among them.
  int n_sampled() const { return n_sampled_; }
  bool finished() const { return stop_.has_value(); }

  bool is_end_token(TokenId id) const;
  /// The next token must not end the text.
  bool forbids_end() const;
  /// What is left of the forced prefix.
  std::string_view forced_rest() const { return forced_rest_; }
  /// Whether the token agrees with what is left of the forced prefix.
  bool fits_prefix(TokenId id) const;
  /// Whether the request's constraint, which it must have, allows the token.
  bool fits_constraint(TokenId id) const;
  /// Errors: unsupported, always: no token fits.
  tl::unexpected<Error> nothing_fits() const;

  /// The prompt is computed as far as `reused`. False if it had begun before.
  bool begin(int reused);
  /// Takes the next token: tells the client, and decides whether to go on.
  void accept(TokenId id, float logprob, std::span<const Candidate> candidates = {});
  void stop(StopReason reason) { stop_ = reason; }

  /// Calls on_done. The request is over.
  void finish();
  void fail(Error error);

 private:
  using Clock = std::chrono::steady_clock;

  GenerateRequest request_;
  Generator::OnToken on_token_;
  Generator::OnDone on_done_;
  const Tokenizer& tokenizer_;
  const ModelTraits& traits_;

  std::vector<TokenId> tokens_;
  std::string forced_rest_;
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
