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

constexpr uint64_t kNoPart = 0xffff'ffff;

uint32_t call_of(uint64_t ticket) { return static_cast<uint32_t>(ticket >> 32); }
uint32_t part_of(uint64_t ticket) { return static_cast<uint32_t>(ticket); }
/// The first part of the call after that of `ticket`.
uint64_t next_call(uint64_t ticket) { return uint64_t{call_of(ticket) + 1} << 32; }

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

}  // namespace

ThreadPool::ThreadPool(int n_threads) : n_threads_(std::max(1, n_threads)) {
  for (int i = 1; i < n_threads_; ++i) {
    workers_.emplace_back([this] { work(); });
  }
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  ticket_.store(next_call(ticket_.load()) | kNoPart);
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
  n_done_.store(0, std::memory_order_relaxed);
  ticket_.store(next_call(ticket_.load()));  // publishes task_; ordered with n_asleep_ below
  if (n_asleep_.load() > 0) {
    { const std::lock_guard lock(mutex_); }
    wake_.notify_all();
  }
  take_parts();

  // A worker may have lost its processor in the middle of its part: spin a little, then let it have
  // ours.
  for (int spins = 0; n_done_.load(std::memory_order_acquire) < n_threads_; ++spins) {
    if (spins < kSpins) {
      pause();
    } else {
      std::this_thread::yield();
    }
  }
}

void ThreadPool::take_parts() {
  Ticket ticket = ticket_.load(std::memory_order_acquire);
  while (part_of(ticket) < static_cast<uint32_t>(n_threads_)) {
    // Fails if somebody else took the part, or the call is over: `ticket` is then the current one.
    if (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel,
                                       std::memory_order_acquire)) {
      continue;
    }
    run_part(task_, static_cast<int>(part_of(ticket)));
    n_done_.fetch_add(1, std::memory_order_release);
    ticket = ticket_.load(std::memory_order_acquire);
  }
}

void ThreadPool::run_part(const Task& task, int part) const {
  const int64_t n_grains = (task.n + task.grain - 1) / task.grain;
  const int64_t begin = n_grains * part / n_threads_ * task.grain;
  const int64_t end = std::min(task.n, n_grains * (part + 1) / n_threads_ * task.grain);
  if (begin < end) task.call(task.body, begin, end, part);
}

void ThreadPool::work() {
  uint32_t seen = 0;
  while (true) {
    wait_for_call_after(seen);
    if (stopping_) return;
    seen = call_of(ticket_.load());
    take_parts();
  }
}

void ThreadPool::wait_for_call_after(uint32_t seen) {
  for (int spins = 0; spins < kSpins; ++spins) {
    if (call_of(ticket_.load(std::memory_order_acquire)) != seen) return;
    pause();
  }
  n_asleep_.fetch_add(1);
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [&] { return call_of(ticket_.load()) != seen; });
  lock.unlock();
  n_asleep_.fetch_sub(1);
}

}  // namespace fathom
