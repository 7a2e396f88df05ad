// Where threads that work in step wait for each other.
//
// They spin for a moment and then sleep, as std::atomic does, so that more threads than processors
// do no harm and idle ones cost nothing.
//
// Threads: any.

#pragma once

#include <atomic>

namespace fathom::engine {

class Barrier final {
 public:
  explicit Barrier(int n_threads) : n_threads_(n_threads) {}

  /// Returns when all threads have called it as often as this one: true; false once broken.
  bool arrive_and_wait();
  /// Nobody waits here any more.
  void break_up();

 private:
  static constexpr int kBroken = -1;

  const int n_threads_;
  std::atomic<int> n_arrived_ = 0;
  std::atomic<int> phase_ = 0;
};

}  // namespace fathom::engine
