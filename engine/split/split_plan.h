// How many of a model's routed experts a device keeps: of each layer the share that its memory has
// room for, so that no layer waits for the host more than the others.
//
// Threads: those of its owner.

#pragma once

#include <cstdint>

#include "engine/base/result.h"

namespace fathom::engine {

/// Bytes.
struct SplitMemory {
  uint64_t device = 0;   // free there before anything of the model is
  uint64_t others = 0;   // of what must be there besides: other weights, KV cache, scratch
  uint64_t experts = 0;  // of all routed experts
};

class SplitPlan final {
 public:
  /// Errors: out_of_memory (not even the others fit).
  static Result<SplitPlan> fit(const SplitMemory& memory);
  /// `share` of the experts' bytes, 0 to 1.
  explicit SplitPlan(double share) : share_(share) {}

  /// How many of a layer's `n_experts`, which have so many bytes together, go to the device. To be
  /// asked once for each layer: what one of them cannot use up is left to the next.
  int next(int n_experts, uint64_t n_bytes);

 private:
  double share_;
  uint64_t asked_bytes_ = 0, given_bytes_ = 0;
};

}  // namespace fathom::engine
