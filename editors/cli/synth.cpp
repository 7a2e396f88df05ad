// fathom synth: a model file of a real shape with random weights, for measuring without a download.

#include "engine/convert/synth.h"

#include <memory>

#include <nlohmann/json.hpp>

#include "completion/model_location.h"
#include "editors/cli/command.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/progress.h"
#include "engine/convert/quant_mix.h"

namespace fathom::cli {
namespace {

struct Options {
  std::string shape;
  std::string quant;
  std::string out;
  uint64_t seed = 0;
  bool json = false;
};

Result<ExitCode> synth(const Options& options) {
  FATHOM_TRY(tokenizer, completion::open_model(""));
  Result<engine::ConvertReport> report;
  {
    Progress progress("writing");
    report = engine::synthesise(
        *tokenizer, options.out,
        {.shape = options.shape,
         .seed = options.seed,
         .convert = {.mix = options.quant, .progress = [&](uint64_t done, uint64_t total) {
                       progress.update(done, total);
                     }}});
  }
  if (!report) return tl::unexpected(report.error());
  if (options.json)
    write_json({{"file", options.out},
                {"shape", options.shape},
                {"quant", options.quant},
                {"tensor_count", report->n_tensors},
                {"bytes", report->size_bytes}});
  else
    write_out(fmt::format("{}: {} tensors, {}\n", printable(options.out), report->n_tensors,
                          human_size(report->size_bytes)));
  return ExitCode::ok;
}

}  // namespace

Action add_synth(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command.add_option("--shape", options->shape, "one of " + engine::synth_shape_names())
      ->type_name("NAME")
      ->required();
  command.add_option("--quant", options->quant, "one of " + engine::quant_mix_names())
      ->type_name("TYPE")
      ->required();
  command.add_option("--seed", options->seed, "the same seed gives the same file")->type_name("N");
  command.add_option("OUT", options->out, "the GGUF file to write")->type_name("PATH")->required();
  add_json_option(command, options->json);
  return [options] { return synth(*options); };
}

}  // namespace fathom::cli
