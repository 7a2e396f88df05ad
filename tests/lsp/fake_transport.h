// A Transport made of lists: what a session sent, and the tasks that wait for the main thread.

#pragma once

#include <cstdint>
#include <functional>
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
  void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  void watch_process(int64_t pid) override { watched.push_back(pid); }
  void close() override { closed = true; }

  /// Runs the posted tasks, and those that they post.
  void run_tasks() {
    while (!tasks_.empty())
      for (const auto& task : std::exchange(tasks_, {})) task();
  }

 private:
  std::vector<std::function<void()>> tasks_;
};

}  // namespace fathom::lsp
