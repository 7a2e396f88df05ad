#include "engine/parallel/barrier.h"

#include <limits>

namespace fathom::engine {

bool Barrier::arrive_and_wait() {
  int phase = phase_.load(std::memory_order_acquire);
  if (phase == kBroken) return false;
  if (n_arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == n_threads_) {
    n_arrived_.store(0, std::memory_order_relaxed);
    const int next = phase == std::numeric_limits<int>::max() ? 0 : phase + 1;
    if (!phase_.compare_exchange_strong(phase, next)) return false;  // broken meanwhile
    phase_.notify_all();
    return true;
  }
  phase_.wait(phase, std::memory_order_acquire);
  return phase_.load(std::memory_order_acquire) != kBroken;
}

void Barrier::break_up() {
  phase_ = kBroken;
  phase_.notify_all();
}

}  // namespace fathom::engine
