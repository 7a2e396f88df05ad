#include "engine/sampler.h"

#include <algorithm>
#include <cmath>

namespace fathom::engine {
namespace {

/// Uniform in [0, 1): splitmix64 (Steele, Lea, Flood 2014) of seed and position.
double uniform(uint64_t seed, int position) {
  uint64_t z = seed + 0x9E3779B97F4A7C15u * (static_cast<uint64_t>(position) + 1);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1.0p-53;
}

std::span<const TokenLogit> likeliest_of(const TopLogits& top) {
  return {top.likeliest, static_cast<size_t>(top.n)};
}

}  // namespace

bool is_finite(const TopLogits& top) {
  return std::isfinite(top.likeliest[0].logit) && std::isfinite(top.sum);
}

float log_probability(const TopLogits& top, float logit) {
  return logit - top.likeliest[0].logit - std::log(top.sum);
}

Sampler::Sampler(const SamplingParams& params, int vocab_size) : params_(params) {
  if (params_.temperature > 0.0f) all_.resize(vocab_size);
}

std::optional<TokenLogit> Sampler::choose(const TopLogits& top, int position) const {
  if (params_.temperature <= 0.0f) return top.likeliest[0];
  return draw(likeliest_of(top), top, /*is_all=*/top.n < TopLogits::kMost, position);
}

TokenLogit Sampler::choose_of_all(const TopLogits& top, std::span<const float> logits,
                                  int position) {
  for (size_t id = 0; id < logits.size(); ++id) all_[id] = {static_cast<TokenId>(id), logits[id]};
  std::ranges::sort(all_, [](const TokenLogit& a, const TokenLogit& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  });
  return *draw(all_, top, /*is_all=*/true, position);
}

std::optional<TokenLogit> Sampler::draw(std::span<const TokenLogit> likeliest, const TopLogits& top,
                                        bool is_all, int position) const {
  const auto weight_of = [&](const TokenLogit& token) {
    return std::exp((token.logit - top.likeliest[0].logit) / params_.temperature);
  };
  // Those that min_p leaves, and of these the fewest that have top_p of all probability.
  double total = top.tempered_sum;
  if (params_.min_p > 0.0f) {
    total = 0.0;
    size_t n = 0;
    for (; n < likeliest.size() && weight_of(likeliest[n]) >= params_.min_p; ++n)
      total += weight_of(likeliest[n]);
    is_all |= n < likeliest.size();
    if (!is_all) return std::nullopt;
    likeliest = likeliest.first(n);
  }
  if (params_.top_p < 1.0f) {
    double sum = 0.0;
    size_t n = 0;
    while (n < likeliest.size() && (n == 0 || sum < params_.top_p * total))
      sum += weight_of(likeliest[n++]);
    is_all |= sum >= params_.top_p * total;
    if (!is_all) return std::nullopt;
    likeliest = likeliest.first(n);
    total = sum;
  }

  double threshold = uniform(params_.seed, position) * total;
  const TokenLogit* last = nullptr;
  for (const TokenLogit& token : likeliest) {
    const float weight = weight_of(token);
    if (weight == 0.0f) break;
    threshold -= weight;
    if (threshold < 0.0) return token;
    last = &token;
  }
  if (!is_all) return std::nullopt;
  return *last;  // rounding left a crumb
}

}  // namespace fathom::engine
