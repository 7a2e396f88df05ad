// What became of the completions of a process, counted: the numbers behind `fathom status` and its
// metrics. Counts only, never text.
//
// Threads: any. One short lock for each completion.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "completion/assistant.h"
#include "engine/base/result.h"

namespace fathom::completion {

/// How long something took, in buckets as Prometheus has them.
struct LatencyHistogram {
  /// Upper bounds of the buckets, inclusive; what is longer is in the last bucket.
  static constexpr std::array<double, 12> kBoundsMs = {1,   2,   5,   10,   25,   50,
                                                       100, 250, 500, 1000, 2500, 10000};

  std::array<uint64_t, kBoundsMs.size() + 1> buckets{};  // not cumulative
  uint64_t n = 0;
  double sum_ms = 0;

  void add(double ms);
  /// The bound of the bucket with the value that a share `p` does not exceed; 0 without values.
  double quantile_ms(double p) const;
};

/// Every request ends in exactly one of: shown, filtered, cancelled, failed.
struct CompletionCounts {
  uint64_t requests = 0;
  uint64_t shown = 0;       // answered with a suggestion
  uint64_t from_cache = 0;  // those of them that needed no model
  uint64_t cancelled = 0;   // by the client, or by a newer request of the document
  uint64_t failed = 0;
  std::map<std::string, uint64_t, std::less<>> filtered;  // by rule: "mid_word", "syntax", ...
  uint64_t early = 0;          // of which a part could be shown before they were complete
  uint64_t prompt_tokens = 0;  // of requests that the model answered
  uint64_t reused_tokens = 0;  // of those, found in the KV cache
  uint64_t generated_tokens = 0;
  LatencyHistogram first_token;  // from request to the first token; model only
  LatencyHistogram total;        // from request to the answer; cache and model
};

class Counters final {
 public:
  /// A completion has ended: once for each request.
  void add(const Result<Completion>& result);
  /// A part of a completion can be shown: once for each.
  void add_early();

  CompletionCounts counts() const;

 private:
  mutable std::mutex mutex_;
  CompletionCounts counts_;  // guarded by mutex_
};

}  // namespace fathom::completion
