// A Transport made of lists: what a session sent, and the tasks that wait for the main thread.

#pragma once

#include <cstdint>
#include <functional>
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
  void watch_process(int64_t pid) override { watched.push_back(pid); }
  void close() override { closed = true; }

  /// Runs the posted tasks, and those that they post.
  void run_tasks() {
    while (true) {
      std::vector<std::function<void()>> now;
      {
        const std::lock_guard lock(tasks_->mutex);
        now = std::exchange(tasks_->list, {});
      }
      if (now.empty()) return;
      for (const auto& task : now) task();
    }
  }

 private:
  struct Tasks {
    std::mutex mutex;
    std::vector<std::function<void()>> list;  // guarded by mutex
  };
  const std::shared_ptr<Tasks> tasks_ = std::make_shared<Tasks>();
};

}  // namespace fathom::lsp
