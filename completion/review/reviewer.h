// A review: from a change to what is worth saying about it.
//
// Each part of the change that fits into a prompt is one question to the model. What it claims is
// believed only as far as it can be checked: the quoted code must be there, on added lines; what it
// would replace must pass suggestion_gate.h; it must have meant it (Claim::confidence); and nobody
// has said before that it does not matter. Secrets and hidden characters are found by rules.
//
// Deterministic for a model and a seed, unless time runs out.
//
// Threads: any but the generator's own; waits.

#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "completion/review/finding.h"
#include "completion/review/review_input.h"
#include "engine/base/cancel.h"
#include "engine/generator.h"

namespace fathom::completion {

struct ReviewOptions {
  int max_findings = 8;
  /// Claims below it are not shown.
  double min_confidence = 0.5;
  int context_tokens = 0;  // of one request: prompt and what is generated
  int max_reasoning_tokens = 512;
  int max_answer_tokens = 768;
  int64_t max_tokens = 0;  // generated for the whole review; 0: no limit
  int max_seconds = 0;     // 0: no limit
  /// Parts of the change that are asked about side by side, which a generator that batches answers
  /// sooner. Says nothing about the result. With a limit on tokens it is one after the other.
  int n_parallel = 1;
  uint64_t seed = 0;
  std::set<std::string> baseline;  // fingerprints of findings that are known already
  CancelToken cancel;              // ends the review; what was found so far is kept
  /// Of the parts of the change; nullptr: nobody wants to know.
  std::function<void(int done, int total)> on_progress;
  /// Of each finding as soon as it is there; some may not be among the worst in the end. May be
  /// nullptr.
  std::function<void(const Finding&, const ReviewedFile&)> on_finding;
};

/// What the model was not asked about is in ReviewReport::unreviewed.
ReviewReport review(engine::Generator& generator, ReviewInput input, const ReviewOptions& options);

}  // namespace fathom::completion
