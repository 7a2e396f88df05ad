// Threads that share the work of one operation and know nothing else.
//
// Threads: one owner calls parallel_for(); workers run only inside that call. Workers spin for a
// short while between calls, because a decode step is hundreds of short calls, and then sleep, so
// that an idle engine leaves the processor to the editor.
//
// The work is cut into one part for each thread, and whoever is there takes the next part: when the
// editor or a compiler has the other processors, the caller does everything itself instead of
// waiting for a thread that is not running.
//
// Invariants: parallel_for allocates nothing; parts do not depend on timing.

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace fathom {

class ThreadPool final {
 public:
  /// `n_threads` counts the caller: 1 starts no thread at all.
  explicit ThreadPool(int n_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return n_threads_; }

  /// Calls `body(begin, end, part)` with consecutive ranges that cover [0, n), at most size() of
  /// them and none empty; `part` is in [0, size()) and tells apart what runs at the same time.
  /// Boundaries are multiples of `grain`. Returns when all are done. `body` must not throw.
  template <class Body>
  void parallel_for(int64_t n, int64_t grain, Body&& body) {
    using Callable = std::remove_reference_t<Body>;
    run({.n = n,
         .grain = grain,
         .body = const_cast<void*>(static_cast<const void*>(&body)),
         .call = [](void* callable, int64_t begin, int64_t end, int part) {
           (*static_cast<Callable*>(callable))(begin, end, part);
         }});
  }

 private:
  struct Task {
    int64_t n = 0;
    int64_t grain = 1;
    void* body = nullptr;
    void (*call)(void* body, int64_t begin, int64_t end, int part) = nullptr;
  };

  /// Number of the call of run() in the upper half, its next part in the lower half.
  using Ticket = uint64_t;

  void run(const Task& task);
  void run_part(const Task& task, int part) const;
  void take_parts();
  void work();
  void wait_for_call_after(uint32_t seen);

  const int n_threads_;
  // Written by run() before ticket_, read only by who has taken a part: run() waits for those.
  Task task_;
  std::atomic<Ticket> ticket_ = Ticket{0xffff'ffff};  // of a call 0 without parts
  std::atomic<int> n_done_ = 0;                       // parts of task_
  std::atomic<bool> stopping_ = false;

  std::mutex mutex_;  // only for sleeping
  std::condition_variable wake_;
  std::atomic<int> n_asleep_ = 0;

  std::vector<std::jthread> workers_;  // last: they use everything above
};

}  // namespace fathom
