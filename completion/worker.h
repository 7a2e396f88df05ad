// Runs posted work one piece after the other, on a thread of its own or on the caller's.
//
// Threads: post() from any. Without a thread, post() runs what is queued before it returns, unless
// that is happening already (on this thread or another): then the piece is left for that one.

#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "engine/base/queue.h"

namespace fathom::completion {

class Worker final {
 public:
  using Work = std::function<void()>;

  explicit Worker(bool own_thread);
  /// Finishes what is queued.
  ~Worker();

  void post(Work work);

 private:
  void run_queued();

  Queue<Work> queue_;
  std::mutex mutex_;
  bool running_ = false;  // guarded by mutex_; without a thread only
  std::jthread thread_;   // last: it uses the queue
};

}  // namespace fathom::completion
