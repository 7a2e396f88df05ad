// Makes the panels of weights on a thread of its own while the engine is at work already, so that
// the first token of a large model waits for the weights that it reads, not for all of them.
//
// Threads: engine thread only. The thread begins after the first step, which it would slow down.
//
// Invariant: nothing computed from a file that was changed meanwhile leaves the engine:
// after_step() says so before the step's result is used.

#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "engine/base/queue.h"
#include "engine/base/result.h"
#include "engine/cpu/panel_store.h"

namespace fathom::engine::cpu {

class PackLater final {
 public:
  PackLater() = default;
  ~PackLater();
  PackLater(const PackLater&) = delete;
  PackLater& operator=(const PackLater&) = delete;

  /// Of a weight in a file. One that is gone before its turn is left out.
  void add(const std::shared_ptr<PanelStore>& store);
  /// To be called when no operation runs. Errors: io (a file that is still needed was changed).
  Status after_step();

 private:
  void work(const std::stop_token& stop);

  std::vector<std::weak_ptr<PanelStore>> waiting_;  // their files are still in use
  Queue<std::weak_ptr<PanelStore>> queue_;
  std::jthread thread_;  // last: it uses the queue
};

}  // namespace fathom::engine::cpu
