// One model of a ModelHost: loaded when first needed, unloaded when idle.
//
// Threads: any. One thread of its own loads it, gives its memory back and calls back; without
// threads a load happens inside the call that asks for it, and the rest in tick(). Nothing waits
// except the destructor, which gives up a load between two tensors.
//
// Invariant: every OnReady is called exactly once, also when this goes.

#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "completion/assistant.h"
#include "completion/remote/remote_server.h"
#include "engine/base/cancel.h"
#include "engine/base/result.h"
#include "engine/engine_thread.h"

namespace fathom::completion {

/// What to load for a role.
struct ModelSpec {
  std::string model;  // as for locate_model()
  int memory_mb = 0;  // for weights and KV cache; 0: no limit
  /// Computes; of `model` only the vocabulary is read then. Without a url: the engine here does.
  RemoteServer remote;

  bool operator==(const ModelSpec&) const = default;
};

/// What a loader is given and may tell.
struct LoadOrder {
  ModelSpec spec;
  CancelToken cancel;                       // nobody wants it any more
  std::function<void(double)> on_progress;  // 0 to 1; cheap, may be called for every tensor
  /// What LoadedModel::problem says has changed. From any thread, while the model is there.
  std::function<void()> on_problem;
};

/// What a loader gives. `assistant` owns all that it needs; the last owner destroys it on the
/// thread of the host.
struct LoadedModel {
  std::shared_ptr<Assistant> assistant;
  engine::EngineInfo info;
  std::function<engine::EngineStatistics()> statistics;  // any thread; null: none
  /// Whether the model's file is not the one that was loaded any more. May read files; null: never.
  std::function<bool()> file_changed;
  /// Why nothing can be asked of it for now, for people; "": it can. Any thread; null: never.
  std::function<std::string()> problem;
};

/// Called on the thread of the model that it loads. Errors are shown to people as they are.
using ModelLoader = std::function<Result<LoadedModel>(const LoadOrder&)>;

struct ModelState {
  enum class Phase { unloaded, loading, ready, failed };

  Phase phase = Phase::unloaded;
  std::string model;          // as configured; "": the built-in one
  std::string server;         // that computes, as origin_of(); "": this machine does
  double progress = 0;        // while loading
  std::string error;          // why it failed, for people; while it is tried again, too
  std::string problem;        // why nothing can be asked of it for now, for people
  bool file_changed = false;  // ready, but its file was replaced: the next load takes the new one
  engine::EngineInfo info;    // of a model that is ready
};

/// "unloaded", "loading", "ready", "failed".
std::string_view name_of(ModelState::Phase phase);

class HostedModel final {
 public:
  using Clock = std::chrono::steady_clock;
  using OnReady = std::function<void(Result<std::shared_ptr<Assistant>>)>;
  using OnState = std::function<void(const ModelState&)>;

  struct Options {
    ModelSpec spec;
    std::chrono::milliseconds idle_unload{0};  // 0: never
    std::chrono::milliseconds retry_after{0};  // before a load that failed is tried again
    bool threads = true;
  };

  HostedModel(ModelLoader loader, Options options, OnState on_state);
  ~HostedModel();

  // As in ModelHost.
  std::shared_ptr<Assistant> get();
  /// Null: there is none; its load is not asked for.
  std::shared_ptr<Assistant> loaded();
  void when_ready(OnReady on_ready);
  ModelState state() const;
  std::optional<engine::EngineStatistics> statistics() const;
  void configure(const ModelSpec& spec, std::chrono::milliseconds idle_unload);
  void tick(Clock::time_point now);

 private:
  using Lock = std::unique_lock<std::mutex>;

  void run();
  void work(Lock& lock, Clock::time_point now);
  Clock::time_point next_look(Clock::time_point now) const;
  void ask_for_load(Lock& lock);
  void load(Lock& lock);
  void on_progress(double progress);
  void on_problem();
  ModelState state_now() const;
  ModelState state_of_spec(ModelState::Phase phase) const;
  void retire();
  bool is_lost() const;
  bool is_idle(Clock::time_point now);
  bool drop_retired(Lock& lock);
  void look_at_file(Lock& lock, Clock::time_point now);
  void tell(Lock& lock);

  const ModelLoader loader_;
  const OnState on_state_;
  const std::chrono::milliseconds retry_after_;
  const bool threads_;

  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable wake_;
  ModelSpec spec_;
  std::chrono::milliseconds idle_unload_;
  ModelState state_;
  bool untold_ = false;  // the state has changed since on_state_ was called
  std::optional<LoadedModel> loaded_;
  std::vector<LoadedModel> retired_;  // not wanted any more, but perhaps held by someone
  std::vector<OnReady> waiting_;
  CancelSource cancel_load_;
  Clock::time_point last_use_;
  Clock::time_point failed_;
  Clock::time_point next_file_look_;
  Clock::time_point next_progress_;
  bool working_ = false;  // without threads: inside work()
  bool stopping_ = false;

  std::jthread thread_;  // last: uses everything above
};

}  // namespace fathom::completion
