// A Transport made of lists: what a session sent, and the tasks that wait for the main thread.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "lsp/transport.h"

namespace fathom::lsp {

class FakeTransport final : public Transport {
 public:
  std::vector<nlohmann::json> sent;
  std::vector<int64_t> watched;
  bool closed = false;

  void send(std::string body) override { sent.push_back(nlohmann::json::parse(body)); }
  Poster poster() override {
    return [tasks = tasks_](std::function<void()> task) {
      const std::lock_guard lock(tasks->mutex);
      tasks->list.push_back(std::move(task));
    };
  }
  void call_after(std::chrono::milliseconds delay, std::function<void()> task) override {
    timers_.emplace(now_ + delay, std::move(task));
  }
  void watch_process(int64_t pid) override { watched.push_back(pid); }
  void close() override { closed = true; }

  /// Lets time pass; runs what is due by then, but no posted task.
  void advance(std::chrono::milliseconds time) {
    now_ += time;
    while (!timers_.empty() && timers_.begin()->first <= now_) {
      const auto task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      task();
    }
  }

  /// Runs the next posted task; false if there is none.
  bool run_task() {
    std::function<void()> task;
    {
      const std::lock_guard lock(tasks_->mutex);
      if (tasks_->list.empty()) return false;
      task = std::move(tasks_->list.front());
      tasks_->list.erase(tasks_->list.begin());
    }
    task();
    return true;
  }

  /// Runs the posted tasks, and those that they post.
  void run_tasks() {
    while (run_task()) {
    }
  }

 private:
  struct Tasks {
    std::mutex mutex;
    std::vector<std::function<void()>> list;  // guarded by mutex
  };
  std::chrono::milliseconds now_{0};
  std::multimap<std::chrono::milliseconds, std::function<void()>> timers_;
  const std::shared_ptr<Tasks> tasks_ = std::make_shared<Tasks>();
};

}  // namespace fathom::lsp
