// fathom plan: whether and how a model fits, and how fast it would be, on paper.

#include <algorithm>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "completion/model_location.h"
#include "cuda/cuda_backend.h"
#include "editors/cli/command.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/plan_report.h"
#include "editors/cli/plan_text.h"
#include "engine/base/system.h"
#include "engine/convert/synth.h"

namespace fathom::cli {
namespace {

using engine::ModelParts;

// What the engine takes if nobody says otherwise.
constexpr int kDefaultContext = 8192;
constexpr std::string_view kDefaultQuant = "bf16";

struct Options {
  std::string model;
  std::string quant;
  std::string gpu;
  int n_gpus = 0;  // 0: this machine
  int context_tokens = 0;
  bool json = false;
};

/// A model that is here goes before a shape of that name, unless a type is asked for.
Result<ModelParts> read_parts(const Options& options) {
  if (!options.quant.empty()) return engine::make_model_parts(options.model, options.quant);
  const auto checkpoint = completion::open_model(options.model);
  if (checkpoint) return engine::read_model_parts(**checkpoint);
  if (checkpoint.error().code == ErrorCode::not_found)
    if (auto shape = engine::make_model_parts(options.model, kDefaultQuant)) return shape;
  return tl::unexpected(checkpoint.error());
}

Result<int> choose_context(const Options& options, const ModelParts& model) {
  if (options.context_tokens > model.context_length)
    return fail(ErrorCode::invalid_argument, "--context {}: the model looks back on {} tokens",
                options.context_tokens, model.context_length);
  if (options.context_tokens > 0) return options.context_tokens;
  return std::min(kDefaultContext, model.context_length);
}

/// As far as the table knows it.
std::optional<engine::Gpu> gpu_here() {
  const cuda::Devices devices = cuda::find_devices();
  if (devices.usable.empty()) return std::nullopt;
  const engine::Gpu* gpu = engine::find_gpu_of_device(devices.usable.front().name);
  return gpu != nullptr ? std::optional(*gpu) : std::nullopt;
}

Result<PlanReport> make_plan(const Options& options) {
  if (options.n_gpus > 0 && options.gpu.empty())
    return fail(ErrorCode::invalid_argument, "--gpus needs --gpu NAME, one of {}",
                engine::gpu_names());
  PlanReport report;
  if (!options.gpu.empty()) {
    FATHOM_TRY(gpu, engine::require_gpu(options.gpu));
    report.machine.gpu = *gpu;
  }
  if (options.gpu.empty()) report.machine.gpu = gpu_here();
  FATHOM_TRY(model, read_parts(options));
  FATHOM_TRY(context_tokens, choose_context(options, model));
  report.context_tokens = context_tokens;
  report.machine.memory_bytes = static_cast<int64_t>(available_memory_bytes().value_or(0));
  if (options.n_gpus > 0)
    report.shards = engine::plan_shards(model, *report.machine.gpu, options.n_gpus, context_tokens);
  else
    report.placements = engine::plan_machine(model, report.machine, context_tokens);
  report.model = std::move(model);
  return report;
}

Result<ExitCode> plan(const Options& options) {
  FATHOM_TRY(report, make_plan(options));
  if (options.json)
    write_json(plan_json(report));
  else
    write_out(plan_text(report));
  return fits(report) ? ExitCode::ok : ExitCode::findings;
}

}  // namespace

Action add_plan(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command
      .add_option("MODEL,--model", options->model,
                  "GGUF file, Hugging Face folder, name of a model (default: the built-in one), or "
                  "a shape: " +
                      engine::synth_shape_names())
      ->type_name("PATH");
  command
      .add_option("--quant", options->quant,
                  "of a shape (default: bf16): one of " + engine::plan_quant_names())
      ->type_name("TYPE");
  command.add_option("--gpu", options->gpu, "one of " + engine::gpu_names())->type_name("NAME");
  command
      .add_option("--gpus", options->n_gpus,
                  "so many GPUs share the model (default: this machine, with its GPU, or the one "
                  "that is named)")
      ->check(CLI::Range(1, engine::kMaxGpus).description(""))
      ->type_name("N");
  command
      .add_option("--context", options->context_tokens,
                  "tokens to look back on (default: the model's own, at most 8192)")
      ->check(CLI::Range(1, INT32_MAX).description(""))
      ->type_name("TOKENS");
  accept_engine_options(command);
  add_json_option(command, options->json);
  return [options] { return plan(*options); };
}

}  // namespace fathom::cli
