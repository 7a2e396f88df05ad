// The options that every command with a model shares, and what they open.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "completion/config.h"
#include "completion/model_host.h"
#include "completion/runtime.h"
#include "completion/workspaces.h"
#include "engine/base/log.h"
#include "engine/base/result.h"
#include "engine/engine_thread.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::cli {

struct ModelOptions {
  std::string model;                   // "": the built-in one
  std::optional<std::string> backend;  // "auto" unless given
  std::optional<int> n_threads;        // 0, one a core, unless given
  uint64_t seed = 0;
  int context_tokens = 0;  // of the configuration; 0: the model's own, at most 8192
  int disk_cache_mb = 0;   // of the configuration
  bool verbose = false;
  bool force_fim = false;
  completion::RemoteServer remote;  // of the configuration; with --model the engine here computes
};

/// --model, --backend, --threads, --seed, --verbose.
void add_model_options(CLI::App& command, ModelOptions& options);
/// --backend, --threads, --seed, --verbose without effect and not in --help: scripts may pass the
/// same options to every command, also to one that computes nothing.
void accept_engine_options(CLI::App& command);
/// --force-fim.
void add_force_fim_option(CLI::App& command, ModelOptions& options);
/// --json.
void add_json_option(CLI::App& command, bool& json);

/// The configuration of commands that do for a person what an editor does; what is wrong in its
/// files is said on stderr. Commands that measure or check take nothing but their flags.
completion::EffectiveConfig read_config();
/// With the configuration's values where no flag was given. `role`: of the server that is asked, if
/// there is one for it alone.
ModelOptions configured(ModelOptions options, const completion::Config& config,
                        completion::Role role = completion::Role::completion);

/// Errors: those of open_model and EngineThread::start; invalid_argument for a backend that this
/// machine or this build lacks.
Result<std::unique_ptr<engine::EngineThread>> start_engine(const ModelOptions& options,
                                                           engine::EngineOptions engine_options,
                                                           Log& log);
/// What the options say of a runtime; the rest is for the caller to fill in.
/// Errors: invalid_argument (as above), io (FATHOM_TRACE cannot be written).
Result<completion::RuntimeOptions> runtime_options(const ModelOptions& options);
/// `workspaces`: as RuntimeOptions::workspaces.
Result<std::unique_ptr<completion::Runtime>> start_runtime(
    const ModelOptions& options, Log& log,
    std::shared_ptr<const completion::Workspaces> workspaces = nullptr);

/// The tokenizer of a model, or of a bare tokenizer.json, or of a folder that has nothing else.
Result<std::shared_ptr<const engine::Tokenizer>> load_tokenizer(const std::string& model);

}  // namespace fathom::cli
