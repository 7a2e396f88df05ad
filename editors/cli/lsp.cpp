// fathom lsp: the language server on stdin and stdout.

#include <chrono>
#include <memory>

#include "editors/cli/command.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "lsp/stdio_server.h"

namespace fathom::cli {
namespace {

constexpr std::chrono::seconds kConfigPeriod{2};  // how often to look for new settings

struct Options {
  ModelOptions model;
  bool standalone = false;
};

Result<ExitCode> serve(const Options& options) {
  Log log = stderr_log(options.model.verbose);
  // Editors start their servers in the folder of the workspace.
  const completion::EffectiveConfig config = read_config();
  completion::ConfigWatch config_watch(kConfigPeriod);
  FATHOM_TRY(models, host_models(options.model, config.values, log));
  return static_cast<ExitCode>(lsp::run_stdio(
      {.version = FATHOM_VERSION, .config = config, .config_watch = &config_watch}, *models, log));
}

}  // namespace

Action add_lsp(CLI::App& command) {
  auto options = std::make_shared<Options>();
  add_model_options(command, options->model);
  add_force_fim_option(command, options->model);
  command.add_flag("--standalone", options->standalone,
                   "keep everything in this process (so far there is no daemon to join, and this "
                   "is what happens without the flag too)");
  return [options] { return serve(*options); };
}

}  // namespace fathom::cli
