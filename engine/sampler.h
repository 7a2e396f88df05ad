// From logits to the next token.
//
// The random number of a step depends on the seed and on the position only, so a request gives the
// same text however it is batched, interrupted or speculated on.
//
// Engine thread only. Allocates nothing after it was made.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/generator.h"
#include "engine/top_logits.h"

namespace fathom::engine {

class Sampler final {
 public:
  Sampler(const SamplingParams& params, int vocab_size);

  float temperature() const { return params_.temperature; }

  /// The token for `position`; `top`, of the temperature, is of numbers (is_finite()). Nothing if
  /// it does not have the tokens that decide: choose_of_all() does, then. Greedy ties go to the
  /// lower id.
  std::optional<TokenLogit> choose(const TopLogits& top, int position) const;
  /// The same with all logits that `top` is of; forbidden ones are -infinity.
  TokenLogit choose_of_all(const TopLogits& top, std::span<const float> logits, int position);

 private:
  /// `likeliest`: falling.
  std::optional<TokenLogit> draw(std::span<const TokenLogit> likeliest, const TopLogits& top,
                                 bool is_all, int position) const;

  SamplingParams params_;
  std::vector<TokenLogit> all_;  // scratch [vocab_size]; empty if greedy
};

/// Whether the logits that `top` is of are numbers, and one of them is finite.
bool is_finite(const TopLogits& top);

/// The logarithm of a token's probability under softmax(logits), before temperature and cuts.
float log_probability(const TopLogits& top, float logit);

}  // namespace fathom::engine
