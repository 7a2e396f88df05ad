#include "engine/sampler.h"

#include <algorithm>
#include <cmath>

namespace fathom::engine {
namespace {

// Terms below exp(-24) of the largest change the sum by less than a float can hold, even 200,000
// of them; skipping their exp() makes the sum cheap.
constexpr float kNegligible = -24.0f;

float log_sum_exp(std::span<const float> logits, float highest) {
  double sum = 0.0;
  for (const float logit : logits) {
    const float below = logit - highest;
    if (below > kNegligible) sum += std::exp(below);
  }
  return highest + static_cast<float>(std::log(sum));
}

/// Uniform in [0, 1): splitmix64 (Steele, Lea, Flood 2014) of seed and position.
double uniform(uint64_t seed, int position) {
  uint64_t z = seed + 0x9E3779B97F4A7C15u * (static_cast<uint64_t>(position) + 1);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1.0p-53;
}

}  // namespace

Sampler::Sampler(const SamplingParams& params, int vocab_size) : params_(params) {
  if (params_.temperature > 0.0f) candidates_.resize(vocab_size);
}

std::optional<Sampled> Sampler::sample(std::span<const float> logits, int position) {
  const auto best = std::max_element(logits.begin(), logits.end());
  const bool any_nan = std::any_of(logits.begin(), logits.end(), [](float x) { return x != x; });
  if (any_nan || !std::isfinite(*best)) return std::nullopt;
  TokenId id = static_cast<TokenId>(best - logits.begin());
  if (params_.temperature > 0.0f) id = draw(logits, *best, position);
  return Sampled{.id = id, .logprob = logits[id] - log_sum_exp(logits, *best)};
}

TokenId Sampler::draw(std::span<const float> logits, float highest, int position) {
  size_t n = 0;
  for (size_t id = 0; id < logits.size(); ++id) {
    const float weight = std::exp((logits[id] - highest) / params_.temperature);
    if (weight > 0.0f && weight >= params_.min_p) {
      candidates_[n++] = {static_cast<TokenId>(id), weight};
    }
  }
  const std::span<Weighted> kept(candidates_.data(), n);
  double total = 0.0;
  for (const Weighted& c : kept) total += c.weight;

  size_t n_nucleus = n;
  if (params_.top_p < 1.0f) {
    std::sort(kept.begin(), kept.end(), [](const Weighted& a, const Weighted& b) {
      return a.weight != b.weight ? a.weight > b.weight : a.id < b.id;
    });
    double sum = 0.0;
    n_nucleus = 0;
    while (n_nucleus < n && (n_nucleus == 0 || sum < params_.top_p * total)) {
      sum += kept[n_nucleus++].weight;
    }
    total = sum;
  }

  double threshold = uniform(params_.seed, position) * total;
  for (const Weighted& c : kept.first(n_nucleus)) {
    threshold -= c.weight;
    if (threshold < 0.0) return c.id;
  }
  return kept[n_nucleus - 1].id;  // rounding left a crumb
}

}  // namespace fathom::engine
