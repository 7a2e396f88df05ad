// The composition root: from options to a model on a backend behind an Assistant.

#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "completion/assistant.h"
#include "completion/hosted_model.h"
#include "completion/remote/remote_generator.h"
#include "completion/remote/remote_server.h"
#include "engine/base/log.h"
#include "engine/base/result.h"
#include "engine/base/trace.h"
#include "engine/engine_thread.h"

namespace fathom::completion {

struct RuntimeOptions {
  std::string model;    // GGUF file, Hugging Face folder, or "": the built-in model
  RemoteServer remote;  // computes, if it has a url; then only the model's vocabulary is read
  std::function<void()> on_breaker;  // as in RemoteOptions
  std::string backend = "auto";      // as for make_backend()
  int n_threads = 0;                 // 0: one for each core
  int context_tokens = 0;            // of one request; 0: the model's own, at most 8192
  bool force_fim = false;            // fill in the middle with a model that was not trained for it
  int memory_mb = 0;                 // for weights and KV cache; 0: no limit
  std::filesystem::path disk_cache;  // where computed prompts are kept for the next start
  int disk_cache_mb = 0;             // of them; 0: none are
  engine::LoadWatch watch;           // of the load
  bool threads = true;               // false: everything inline, for tests
  std::function<bool()> may_speculate;           // as in AssistantOptions
  std::shared_ptr<Trace> trace;                  // null: nothing is recorded
  std::shared_ptr<const Workspaces> workspaces;  // as in AssistantOptions
  std::shared_ptr<Counters> counters;            // as above
};

/// Owns everything below the editors: the model, here or on a server, and the assistant.
class Runtime final {
 public:
  /// Loads the model, or connects. Errors: those of Checkpoint::open, Tokenizer::load, load_model,
  /// make_backend, RemoteGenerator::connect.
  static Result<std::unique_ptr<Runtime>> create(const RuntimeOptions& options, Log& log);
  /// As above, of an open model file.
  static Result<std::unique_ptr<Runtime>> create(
      std::shared_ptr<const engine::Checkpoint> checkpoint, const RuntimeOptions& options,
      Log& log);

  Assistant& assistant() { return *assistant_; }
  engine::Generator& generator();
  const engine::EngineInfo& info() const;
  /// Null: a server computes.
  const engine::EngineThread* engine() const { return engine_.get(); }
  /// Null: the engine here computes.
  const RemoteGenerator* remote() const { return remote_.get(); }

 private:
  Runtime() = default;
  std::unique_ptr<engine::EngineThread> engine_;  // or
  std::unique_ptr<RemoteGenerator> remote_;
  std::unique_ptr<Assistant> assistant_;  // after the generator it uses
};

/// Loads models for a ModelHost, each as a Runtime; what `options` says of model, memory and watch
/// is replaced by what the host orders. They speculate while the machine is on mains. `log` must
/// outlive what is loaded.
ModelLoader runtime_loader(RuntimeOptions options, Log& log);

}  // namespace fathom::completion
