#include "editors/cli/model_options.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fmt/ranges.h>

#include "completion/model_location.h"
#include "cuda/cuda_backend.h"
#include "editors/cli/output.h"
#include "engine/backend.h"
#include "engine/base/user_paths.h"

namespace fathom::cli {
namespace {

Status check_backend(const std::string& name) {
  if (name == "auto") return {};
  const std::vector<std::string> available = engine::available_backends();
  if (std::ranges::find(available, name) != available.end()) return {};
  return fail(ErrorCode::invalid_argument,
              "the backend '{}' is not available on this machine{}; available: auto, {}", name,
              name == "cuda" ? fmt::format(" ({})", cuda::find_devices().remark) : "",
              fmt::join(available, ", "));
}

/// FATHOM_TRACE=out.json records where the time goes. Null if it is not set.
Result<std::shared_ptr<Trace>> trace_from_environment() {
  const char* path = std::getenv("FATHOM_TRACE");
  if (path == nullptr || *path == '\0') return nullptr;
  return Trace::create(path);
}

/// In a group of --help; "" hides them.
void add_engine_options(CLI::App& command, ModelOptions& options, const std::string& group) {
  command.add_option("--backend", options.backend, "auto, cpu, cuda or reference (default: auto)")
      ->check(CLI::IsMember({"auto", "cpu", "cuda", "reference"}).description(""))
      ->type_name("NAME")
      ->group(group);
  command.add_option("--threads", options.n_threads, "threads that compute (default: one a core)")
      ->check(CLI::Range(0, 1024).description(""))
      ->type_name("N")
      ->group(group);
  command
      .add_option("--seed", options.seed,
                  "seed of the sampler; without a temperature nothing is random")
      ->check(CLI::Range(int64_t{0}, INT64_MAX).description(""))
      ->type_name("N")
      ->group(group);
  command
      .add_flag("--verbose", options.verbose, "say on stderr what is loaded and how long it took")
      ->group(group);
}

}  // namespace

void add_model_options(CLI::App& command, ModelOptions& options) {
  command
      .add_option("--model", options.model,
                  "GGUF file, Hugging Face folder, or name of a model (default: the built-in one)")
      ->type_name("PATH");
  add_engine_options(command, options, "Engine");
}

void accept_engine_options(CLI::App& command) {
  const auto ignored = std::make_shared<ModelOptions>();
  add_engine_options(command, *ignored, "");
  command.parse_complete_callback([ignored] {});  // keeps it alive as long as the command
}

void add_force_fim_option(CLI::App& command, ModelOptions& options) {
  command.add_flag("--force-fim", options.force_fim,
                   "fill in the middle with a model that was not trained for it, if its tokenizer "
                   "has the markers");
}

void add_json_option(CLI::App& command, bool& json) {
  command.add_flag("--json", json, "print JSON");
}

completion::EffectiveConfig read_config() {
  std::error_code error;
  completion::EffectiveConfig config =
      completion::load_config(std::filesystem::current_path(error));
  for (const std::string& problem : config.problems) report(problem);
  return config;
}

ModelOptions configured(ModelOptions options, const completion::Config& config,
                        completion::Role role) {
  if (options.model.empty()) {
    const completion::ModelSpec spec =
        completion::spec_of(completion::host_config(config), role, completion::Reach::servers);
    options.model = spec.model;
    options.remote = spec.remote;
  }
  if (!options.backend) options.backend = config.backend;
  if (!options.n_threads) options.n_threads = config.n_threads;
  options.context_tokens = config.context_tokens;
  options.disk_cache_mb = config.disk_cache_mb;
  return options;
}

Result<std::unique_ptr<engine::EngineThread>> start_engine(const ModelOptions& options,
                                                           engine::EngineOptions engine_options,
                                                           Log& log) {
  engine_options.backend = options.backend.value_or("auto");
  FATHOM_CHECK(check_backend(engine_options.backend));
  FATHOM_TRY(checkpoint, completion::open_model(options.model));
  engine_options.n_threads = options.n_threads.value_or(0);
  engine_options.force_fim = options.force_fim;
  FATHOM_TRY(trace, trace_from_environment());
  engine_options.trace = std::move(trace);
  return engine::EngineThread::start(checkpoint, engine_options, log);
}

Result<completion::RuntimeOptions> runtime_options(const ModelOptions& options) {
  const std::string backend = options.backend.value_or("auto");
  FATHOM_CHECK(check_backend(backend));
  FATHOM_TRY(trace, trace_from_environment());
  return completion::RuntimeOptions{.model = options.model,
                                    .remote = options.remote,
                                    .backend = backend,
                                    .n_threads = options.n_threads.value_or(0),
                                    .context_tokens = options.context_tokens,
                                    .force_fim = options.force_fim,
                                    .disk_cache = user_cache_path("prompts"),
                                    .disk_cache_mb = options.disk_cache_mb,
                                    .trace = std::move(trace)};
}

Result<std::unique_ptr<completion::Runtime>> start_runtime(
    const ModelOptions& options, Log& log,
    std::shared_ptr<const completion::Workspaces> workspaces) {
  FATHOM_TRY(runtime, runtime_options(options));
  runtime.workspaces = std::move(workspaces);
  return completion::Runtime::create(runtime, log);
}

Result<std::shared_ptr<const engine::Tokenizer>> load_tokenizer(const std::string& model) {
  FATHOM_TRY(location, completion::locate_model(model));
  if (!location.embedded) {
    std::error_code error;
    if (location.path.extension() == ".json") return engine::Tokenizer::load(location.path);
    const std::filesystem::path inside = location.path / "tokenizer.json";
    if (std::filesystem::is_regular_file(inside, error)) return engine::Tokenizer::load(inside);
  }
  FATHOM_TRY(checkpoint, completion::open_model(model));
  return engine::Tokenizer::load(*checkpoint);
}

}  // namespace fathom::cli
