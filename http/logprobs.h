// What `logprobs` of a completion asks for, and the lists that answer it: platform.openai.com,
// "Completions"; with `return_tokens_as_token_ids` as vLLM has it, which tells tokens apart that
// are spelled alike.
//
// Threads: one at a time.

#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/generator.h"
#include "engine/tokenizer/tokenizer.h"
#include "http/parameters.h"

namespace fathom::http {

struct LogprobsWish {
  bool wanted = false;
  int n_candidates = 0;  // of each token
  bool as_ids = false;
};

/// `logprobs` and `return_tokens_as_token_ids`. Errors: invalid_argument.
Result<LogprobsWish> logprobs_at(const Json& body);

class Logprobs final {
 public:
  explicit Logprobs(const LogprobsWish& wish) : wish_(wish) {}

  void add(const engine::TokenEvent& event, const engine::Tokenizer& tokenizer);
  /// What was added since it was called last: {"tokens", "token_logprobs", "top_logprobs",
  /// "text_offset"}.
  Json take();

 private:
  struct Token {
    std::string name;
    float logprob = 0;
    std::vector<std::pair<std::string, float>> candidates;
    size_t offset = 0;
  };

  const LogprobsWish wish_;
  std::vector<Token> tokens_;
  size_t n_bytes_ = 0;  // that were added, of all times
};

}  // namespace fathom::http
