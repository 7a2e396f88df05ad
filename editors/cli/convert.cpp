// fathom convert: a model as a GGUF file, in another number format.

#include "engine/convert/convert.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "completion/model_location.h"
#include "editors/cli/command.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/progress.h"
#include "engine/base/processors.h"
#include "engine/convert/quant_mix.h"

namespace fathom::cli {
namespace {

struct Options {
  std::string in;
  std::string out;
  std::string quant;
  int n_threads = 0;
  bool json = false;
};

Result<ExitCode> convert(const Options& options) {
  FATHOM_TRY(checkpoint, completion::open_model(options.in));
  Result<engine::ConvertReport> report;
  {
    Progress progress("converting");
    report = engine::convert(
        *checkpoint, options.out,
        {.mix = options.quant,
         .n_threads = effective_threads(options.n_threads),
         .progress = [&](uint64_t done, uint64_t total) { progress.update(done, total); }});
  }
  if (!report) return tl::unexpected(report.error());
  if (options.json) {
    write_json({{"file", options.out},
                {"quant", options.quant},
                {"tensor_count", report->n_tensors},
                {"bytes", report->size_bytes},
                {"fallbacks", report->fallbacks}});
    return ExitCode::ok;
  }
  write_out(fmt::format("{}: {} tensors, {}\n", printable(options.out), report->n_tensors,
                        human_size(report->size_bytes)));
  for (const std::string& fallback : report->fallbacks)
    write_out("  " + printable(fallback) + "\n");
  return ExitCode::ok;
}

}  // namespace

Action add_convert(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command
      .add_option("IN", options->in,
                  "Hugging Face folder, GGUF file, or name of a model that is here")
      ->type_name("PATH")
      ->required();
  command.add_option("OUT", options->out, "the GGUF file to write")->type_name("PATH")->required();
  command.add_option("--quant", options->quant, "one of " + engine::quant_mix_names())
      ->type_name("TYPE")
      ->required();
  command.add_option("--threads", options->n_threads, "processors to use (default: all)")
      ->type_name("N");
  add_json_option(command, options->json);
  return [options] { return convert(*options); };
}

}  // namespace fathom::cli
