#include "completion/counters.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace fathom::completion {
namespace {

constexpr std::string_view kFiltered = "filtered:";

}  // namespace

void LatencyHistogram::add(double ms) {
  const auto* bound = std::ranges::lower_bound(kBoundsMs, ms);
  ++buckets[static_cast<size_t>(bound - kBoundsMs.begin())];
  ++n;
  sum_ms += ms;
}

double LatencyHistogram::quantile_ms(double p) const {
  if (n == 0) return 0;
  const auto rank = static_cast<uint64_t>(std::ceil(p * static_cast<double>(n)));
  uint64_t seen = 0;
  for (size_t i = 0; i < kBoundsMs.size(); ++i) {
    seen += buckets[i];
    if (seen >= std::max<uint64_t>(rank, 1)) return kBoundsMs[i];
  }
  return kBoundsMs.back();
}

void Counters::add(const Result<Completion>& result) {
  const std::lock_guard lock(mutex_);
  ++counts_.requests;
  if (!result) {
    ++(result.error().code == ErrorCode::cancelled ? counts_.cancelled : counts_.failed);
    return;
  }
  counts_.total.add(result->ms_total);
  if (result->prompt_tokens > 0) {
    counts_.first_token.add(result->ms_first_token);
    counts_.prompt_tokens += static_cast<uint64_t>(result->prompt_tokens);
    counts_.reused_tokens += static_cast<uint64_t>(result->reused_tokens);
    counts_.generated_tokens += static_cast<uint64_t>(result->tokens);
  }
  if (!result->text.empty()) {
    ++counts_.shown;
    counts_.from_cache += result->stop == "cache";
    return;
  }
  const std::string_view stop = result->stop;
  const bool named = stop.starts_with(kFiltered);
  ++counts_.filtered[std::string(named ? stop.substr(kFiltered.size()) : stop)];
}

void Counters::add_early() {
  const std::lock_guard lock(mutex_);
  ++counts_.early;
}

CompletionCounts Counters::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace fathom::completion
