#include "completion/runtime.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "completion/model_location.h"
#include "engine/base/mapped_file.h"
#include "engine/base/power.h"

namespace fathom::completion {
namespace {

using FileVersions = std::vector<std::pair<std::filesystem::path, FileStamp>>;

/// Whether one of the paths names another file than it did, or none.
bool any_changed(const FileVersions& versions) {
  return std::ranges::any_of(versions, [](const auto& version) {
    const Result<FileStamp> stamp = stamp_of(version.first);
    return !stamp || *stamp != version.second;
  });
}

/// Null: there is no engine here.
std::function<engine::EngineStatistics()> statistics_of(const engine::EngineThread* engine) {
  if (!engine) return nullptr;
  return [engine] { return engine->statistics(); };
}

/// Why the server is left alone for now. Null: there is none.
std::function<std::string()> problem_of(const RemoteGenerator* remote) {
  if (!remote) return nullptr;
  return [remote]() -> std::string {
    const RemoteState state = remote->state();
    const bool may_be_asked = state.breaker == CircuitBreaker::State::closed ||
                              (state.breaker == CircuitBreaker::State::open &&
                               CircuitBreaker::Clock::now() >= state.retry_at);
    return may_be_asked ? "" : state.problem;
  };
}

}  // namespace

Result<std::unique_ptr<Runtime>> Runtime::create(const RuntimeOptions& options, Log& log) {
  FATHOM_TRY(checkpoint, open_model(options.model));
  return create(std::move(checkpoint), options, log);
}

Result<std::unique_ptr<Runtime>> Runtime::create(
    std::shared_ptr<const engine::Checkpoint> checkpoint, const RuntimeOptions& options, Log& log) {
  std::unique_ptr<Runtime> runtime(new Runtime);
  if (!options.remote.url.empty()) {
    FATHOM_TRY(remote, RemoteGenerator::connect(options.remote, *checkpoint,
                                                {.context_tokens = options.context_tokens,
                                                 .force_fim = options.force_fim,
                                                 .on_breaker = options.on_breaker},
                                                log));
    runtime->remote_ = std::move(remote);
  } else {
    constexpr uint64_t kMegabyte = 1'000'000;
    const engine::EngineOptions engine_options = {
        .backend = options.backend,
        .n_threads = options.n_threads,
        .context_tokens = options.context_tokens,
        .force_fim = options.force_fim,
        .threads = options.threads,
        .memory_bytes = uint64_t(options.memory_mb) * kMegabyte,
        .disk_cache = options.disk_cache,
        .disk_cache_bytes = uint64_t(options.disk_cache_mb) * kMegabyte,
        .watch = options.watch,
        .trace = options.trace};
    FATHOM_TRY(engine, engine::EngineThread::start(checkpoint, engine_options, log));
    runtime->engine_ = std::move(engine);
  }
  runtime->assistant_ = std::make_unique<Assistant>(
      runtime->generator(), log,
      AssistantOptions{.threads = options.threads,
                       .max_prompt_tokens = runtime->info().context_tokens,
                       .may_speculate = options.may_speculate,
                       .trace = options.trace,
                       .workspaces = options.workspaces,
                       .counters = options.counters});
  return runtime;
}

engine::Generator& Runtime::generator() {
  if (remote_) return *remote_;
  return *engine_;
}

const engine::EngineInfo& Runtime::info() const {
  return remote_ ? remote_->info() : engine_->info();
}

ModelLoader runtime_loader(RuntimeOptions options, Log& log) {
  return [options = std::move(options), &log](const LoadOrder& order) -> Result<LoadedModel> {
    RuntimeOptions ordered = options;
    ordered.model = order.spec.model;
    ordered.memory_mb = order.spec.memory_mb;
    ordered.remote = order.spec.remote;
    ordered.on_breaker = order.on_problem;
    ordered.may_speculate = [] { return !is_on_battery(); };
    ordered.watch = {.cancel = order.cancel, .on_progress = order.on_progress};
    FATHOM_TRY(checkpoint, open_model(ordered.model));
    FileVersions versions;
    for (const MappedFile& file : checkpoint->files())
      versions.emplace_back(file.path(), file.stamp());
    FATHOM_TRY(created, Runtime::create(std::move(checkpoint), ordered, log));
    const std::shared_ptr<Runtime> runtime = std::move(created);
    return LoadedModel{
        .assistant = std::shared_ptr<Assistant>(runtime, &runtime->assistant()),
        .info = runtime->info(),
        .statistics = statistics_of(runtime->engine()),
        .file_changed = [versions = std::move(versions)] { return any_changed(versions); },
        .problem = problem_of(runtime->remote())};
  };
}

}  // namespace fathom::completion
