#include "engine/base/thread_pool.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fathom {
namespace {

// About 50 us on current machines: longer than the gap between two operations of a decode step,
// shorter than anything a person or a battery would notice.
constexpr int kSpins = 2000;

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

}  // namespace

ThreadPool::ThreadPool(int n_threads) : n_threads_(std::max(1, n_threads)) {
  for (int thread = 1; thread < n_threads_; ++thread) {
    workers_.emplace_back([this, thread] { work(thread); });
  }
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  generation_.fetch_add(1);
  { const std::lock_guard lock(mutex_); }
  wake_.notify_all();
}

void ThreadPool::run(const Task& task) {
  if (task.n <= 0) return;
  if (n_threads_ == 1 || task.n <= task.grain) {
    task.call(task.body, 0, task.n, 0);
    return;
  }

  task_ = task;
  n_running_.store(n_threads_ - 1, std::memory_order_relaxed);
  generation_.fetch_add(1);  // publishes task_; sequentially consistent with n_asleep_ below
  if (n_asleep_.load() > 0) {
    { const std::lock_guard lock(mutex_); }
    wake_.notify_all();
  }
  run_part(task, 0);

  // A worker may have lost its processor to another program: spin a little, then let it have ours.
  for (int spins = 0; n_running_.load(std::memory_order_acquire) > 0; ++spins) {
    if (spins < kSpins) {
      pause();
    } else {
      std::this_thread::yield();
    }
  }
}

void ThreadPool::run_part(const Task& task, int thread) const {
  const int64_t n_grains = (task.n + task.grain - 1) / task.grain;
  const int64_t begin = n_grains * thread / n_threads_ * task.grain;
  const int64_t end = std::min(task.n, n_grains * (thread + 1) / n_threads_ * task.grain);
  if (begin < end) task.call(task.body, begin, end, thread);
}

void ThreadPool::work(int thread) {
  uint64_t seen = 0;
  while (true) {
    seen = wait_for_generation_after(seen);
    if (stopping_) return;
    run_part(task_, thread);
    n_running_.fetch_sub(1, std::memory_order_release);
  }
}

uint64_t ThreadPool::wait_for_generation_after(uint64_t seen) {
  for (int spins = 0; spins < kSpins; ++spins) {
    const uint64_t now = generation_.load(std::memory_order_acquire);
    if (now != seen) return now;
    pause();
  }
  n_asleep_.fetch_add(1);
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [&] { return generation_.load() != seen; });
  lock.unlock();
  n_asleep_.fetch_sub(1);
  return generation_.load(std::memory_order_acquire);
}

}  // namespace fathom
