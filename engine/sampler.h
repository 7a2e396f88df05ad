// From logits to the next token.
//
// The random number of a step depends on the seed and on the position only, so a request gives the
// same text however it is batched, interrupted or speculated on.
//
// Engine thread only. sample() allocates nothing.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/generator.h"
#include "engine/token.h"

namespace fathom::engine {

struct Sampled {
  TokenId id = 0;
  float logprob = 0.0f;  // of `id` under softmax(logits), before temperature and cuts
};

class Sampler final {
 public:
  Sampler(const SamplingParams& params, int vocab_size);

  /// Chooses the token for `position`. Logits of forbidden tokens are -infinity. Greedy ties go to
  /// the lower id. Nothing if no logit is finite, or one is NaN: the model's numbers are broken.
  std::optional<Sampled> sample(std::span<const float> logits, int position);

 private:
  struct Weighted {
    TokenId id;
    float weight;  // probability, not normalised
  };

  TokenId draw(std::span<const float> logits, float highest, int position);

  SamplingParams params_;
  std::vector<Weighted> candidates_;  // scratch [vocab_size]; empty if greedy
};

}  // namespace fathom::engine
