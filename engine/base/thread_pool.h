// Threads that share the work of one operation and know nothing else.
//
// Threads: one owner calls parallel_for(); workers run only inside that call. Workers spin for a
// short while between calls, because a decode step is hundreds of short calls, and then sleep, so
// that an idle engine leaves the processor to the editor.
//
// Invariants: parallel_for allocates nothing; ranges do not depend on timing.

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

  /// Calls `body(begin, end, thread)` with consecutive ranges that cover [0, n), one for each
  /// thread and empty ones left out; `thread` is in [0, size()). Boundaries are multiples of
  /// `grain`. Returns when all are done. `body` must not throw.
  template <class Body>
  void parallel_for(int64_t n, int64_t grain, Body&& body) {
    using Callable = std::remove_reference_t<Body>;
    run({.n = n,
         .grain = grain,
         .body = const_cast<void*>(static_cast<const void*>(&body)),
         .call = [](void* callable, int64_t begin, int64_t end, int thread) {
           (*static_cast<Callable*>(callable))(begin, end, thread);
         }});
  }

 private:
  struct Task {
    int64_t n = 0;
    int64_t grain = 1;
    void* body = nullptr;
    void (*call)(void* body, int64_t begin, int64_t end, int thread) = nullptr;
  };

  void run(const Task& task);
  void run_part(const Task& task, int thread) const;
  void work(int thread);
  uint64_t wait_for_generation_after(uint64_t seen);

  const int n_threads_;
  Task task_;                             // written by run() before generation_ goes up
  std::atomic<uint64_t> generation_ = 0;  // counts calls of run(); workers wait for the next
  std::atomic<int> n_running_ = 0;        // workers that have not finished task_
  std::atomic<bool> stopping_ = false;

  std::mutex mutex_;  // only for sleeping
  std::condition_variable wake_;
  std::atomic<int> n_asleep_ = 0;

  std::vector<std::jthread> workers_;  // last: they use everything above
};

}  // namespace fathom
