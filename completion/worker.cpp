#include "completion/worker.h"

#include <optional>
#include <utility>

namespace fathom::completion {

Worker::Worker(bool own_thread) {
  if (!own_thread) return;
  thread_ = std::jthread([this] {
    while (std::optional<Work> work = queue_.pop()) (*work)();
  });
}

Worker::~Worker() { queue_.close(); }

void Worker::post(Work work) {
  queue_.push(std::move(work));
  if (!thread_.joinable()) run_queued();
}

void Worker::run_queued() {
  while (true) {
    std::optional<Work> work;
    {
      const std::lock_guard lock(mutex_);
      if (running_) return;
      work = queue_.try_pop();
      if (!work) return;
      running_ = true;
    }
    (*work)();
    const std::lock_guard lock(mutex_);
    running_ = false;
  }
}

}  // namespace fathom::completion
