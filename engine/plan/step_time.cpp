#include "engine/plan/step_time.h"

#include <algorithm>

#include "engine/plan/assumptions.h"

namespace fathom::engine {

double exchange_seconds(const Link& link, int n_ranks, int n_layers, double n_bytes) {
  if (n_ranks < 2) return 0;
  // Each rank sends all but its own part twice: once to be summed, once as a part of the sum.
  const double sent = 2 * n_bytes * (n_ranks - 1) / n_ranks;
  return kSumsPerLayer * n_layers * (link.latency_s + sent / link.bytes_per_s);
}

double sync_seconds(int n_layers) { return n_layers * kPhasesPerLayer * kPhaseSeconds; }

double prompt_seconds(const Gpu& gpu, const RankNeed& need, int n_tokens) {
  const double n = n_tokens;
  const double pairs = n * (n + 1) / 2;
  // The head is needed for the last token only.
  const double products = n * need.products + pairs * need.pair_products + need.head_products;
  const auto embedding = need.part_bytes[static_cast<size_t>(Part::embedding)];
  const auto draft = need.part_bytes[static_cast<size_t>(Part::draft)];
  const auto n_bytes = static_cast<double>(need.weight_bytes() - embedding - draft);
  return std::max(2 * products / (gpu.flops_per_s * kPromptEfficiency), n_bytes / gpu.bytes_per_s);
}

int prompt_tokens(int context_tokens) { return std::min(kPromptTokens, context_tokens); }

}  // namespace fathom::engine
