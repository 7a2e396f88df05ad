// The models that all clients share, by role: loaded when first needed, unloaded when idle.
//
// A role whose model is not configured, or is the same file, is served by the completion role's
// model: then both have one state and one Assistant. A role may have a server besides its model on
// this machine: who may reach servers is given the server's, and this machine's while the server
// cannot be asked. Each model has a thread that loads it, gives its memory back and calls back;
// models load side by side, and one that fails leaves the others alone.
//
// Threads: any. Nothing here waits except the destructor, which gives up a load between two
// tensors. With ModelHostOptions::threads = false there are no threads: a load happens inside the
// call that asks for it, and idle models go in tick().
//
// Invariant: every OnReady is called exactly once, also when the host goes.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "completion/assistant.h"
#include "completion/config.h"
#include "completion/hosted_model.h"
#include "engine/base/result.h"

namespace fathom::completion {

enum class Role { completion, reasoning };
inline constexpr Role kRoles[] = {Role::completion, Role::reasoning};

/// "completion", "reasoning".
std::string_view name_of(Role role);

/// Where text may go that is asked about.
enum class Reach { this_machine, servers };

struct ModelHostConfig {
  ModelSpec completion;
  ModelSpec reasoning;  // model "" without a server: the completion role's model serves both
  /// Without a request for so long, a model is unloaded; 0: never.
  std::chrono::milliseconds idle_unload{0};

  bool operator==(const ModelHostConfig&) const = default;
};

/// What the configuration says of models.
ModelHostConfig host_config(const Config& config);
/// The model that a role has at that reach: without a server the one on this machine.
ModelSpec spec_of(const ModelHostConfig& config, Role role, Reach reach);

struct ModelHostOptions {
  ModelHostConfig config;
  /// A person has chosen this model already; see choose().
  std::optional<std::string> chosen;
  /// A load that failed is tried again by the first request after this time.
  std::chrono::milliseconds retry_after{30'000};
  bool threads = true;  // false: everything inline, for tests
};

class ModelHost final {
 public:
  using Clock = std::chrono::steady_clock;
  using OnReady = std::function<void(Result<std::shared_ptr<Assistant>>)>;
  using OnState = std::function<void(Role, const ModelState&)>;

  ModelHost(ModelLoader loader, const ModelHostOptions& options);
  /// Answers who waits with ErrorCode::cancelled. Not from a callback.
  ~ModelHost();

  /// The role's assistant, or null while there is none: then its load has been asked for. Hold the
  /// pointer for a call or two, not for long: a model that someone holds is not unloaded. What was
  /// asked of the assistant keeps it by itself until it is answered.
  std::shared_ptr<Assistant> get(Role role, Reach reach);
  /// All that are there, each once; loads none.
  std::vector<std::shared_ptr<Assistant>> loaded();

  /// Calls at once if there is an assistant or its load has failed lately, else when the load has
  /// ended, on a thread of the host.
  void when_ready(Role role, Reach reach, OnReady on_ready);

  /// Of the model that get() would give. Where that is this machine's because the server cannot be
  /// asked, `problem` says why; if it has failed, too, `error` says both.
  ModelState state(Role role, Reach reach) const;
  /// Of the role's server, whoever may reach it; nothing: it has none.
  std::optional<ModelState> server(Role role) const;
  /// Of this machine's model, if it is ready. Cheap.
  std::optional<engine::EngineStatistics> statistics(Role role) const;

  /// Told of every change of state, at most about ten times a second while a model loads, on a
  /// thread of the host. A change of the completion role's model is told for the reasoning role too
  /// if it serves that. Must be quick; may call back into the host.
  uint64_t subscribe(OnState on_state);
  /// No call is under way or follows once it returns (unless this is called from that very call).
  void unsubscribe(uint64_t subscription);

  /// Takes a new configuration. A model that is not wanted any more goes as soon as nobody holds it
  /// (what was asked of it is cancelled); the new one is loaded when first needed.
  void configure(const ModelHostConfig& config);

  /// A person has chosen another model for the completion role, on this machine: takes it and calls
  /// once it is loaded. If it cannot be, the one before is taken again.
  void choose(const std::string& model, OnReady on_ready);
  /// What the configuration says counts again, its server too.
  void unchoose();
  /// What was chosen and is in use; nothing: the one of the configuration is.
  std::optional<std::string> chosen() const;
  /// What the configuration says of the completion role, whatever was chosen.
  ModelSpec configured() const;

  /// Without threads: does what is due at `now`.
  void tick(Clock::time_point now);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom::completion
