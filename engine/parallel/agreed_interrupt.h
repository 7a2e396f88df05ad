// An Interrupt that all ranks of a model get the same answers from, so that none goes on alone.
//
// Whoever comes first to a question asks, for all. The question is the layer: each rank asks once
// for each, in order.
//
// Threads: any.

#pragma once

#include <limits>
#include <mutex>

#include "engine/model.h"

namespace fathom::engine {

class AgreedInterrupt final {
 public:
  /// `interrupt` must outlive this object.
  explicit AgreedInterrupt(const Interrupt& interrupt) : interrupt_(interrupt) {}

  /// Whether to stop at the `question`-th time of asking.
  bool requested_at(int question);

 private:
  const Interrupt& interrupt_;
  std::mutex mutex_;
  int n_asked_ = 0;
  int stop_at_ = std::numeric_limits<int>::max();
};

}  // namespace fathom::engine
