// fathom pull: downloads a model into the store.

#include "completion/model_store/pull.h"

#include <cstdlib>
#include <memory>

#include <nlohmann/json.hpp>

#include "completion/model_store/store.h"
#include "editors/cli/command.h"
#include "editors/cli/interrupt.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/progress.h"

namespace fathom::cli {
namespace {

struct Options {
  std::string what;
  int timeout_s = 30;
  bool vocabulary_only = false;
  bool json = false;
};

std::string environment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value && *value ? value : fallback;
}

Result<ExitCode> pull(const Options& options) {
  FATHOM_TRY(whole, completion::resolve_source(options.what));
  const completion::ModelSource source =
      options.vocabulary_only ? completion::vocabulary_of(whole) : whole;
  Result<completion::PulledModel> pulled;
  {
    Progress progress(source.name);
    pulled =
        completion::pull_model(source, completion::model_store_folder(),
                               {.endpoint = environment("HF_ENDPOINT", "https://huggingface.co"),
                                .token = environment("HF_TOKEN", ""),
                                .user_agent = "fathom/" FATHOM_VERSION,
                                .timeout_s = options.timeout_s,
                                .cancel = cancel_on_interrupt(),
                                .progress = [&](std::string_view, uint64_t done, uint64_t total) {
                                  progress.update(done, total);
                                }});
  }
  if (!pulled) return tl::unexpected(pulled.error());
  if (options.json)
    write_json({{"name", pulled->name},
                {"path", pulled->path.string()},
                {"was_there", pulled->was_there}});
  else
    write_out(fmt::format(
        "{}{}\n{}\n", pulled->path.string(), pulled->was_there ? " (was here already)" : "",
        options.vocabulary_only ? fmt::format("for a server: engine.model = \"{}\"", pulled->name)
                                : fmt::format("use it with --model {}", pulled->name)));
  return ExitCode::ok;
}

}  // namespace

Action add_pull(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command
      .add_option("NAME", options->what,
                  "a name of `fathom models`, owner/repo (safetensors) or owner/repo:file.gguf")
      ->required();
  command.add_option("--timeout", options->timeout_s, "give up after N seconds without a byte")
      ->type_name("N")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command.add_flag("--vocabulary", options->vocabulary_only,
                   "only what prompts are made with, a few MB, for a model that a server runs");
  add_json_option(command, options->json);
  command.footer(
      "From HF_ENDPOINT (default https://huggingface.co), with HF_TOKEN if it is set, through\n"
      "https_proxy; into $XDG_DATA_HOME/fathom/models.");
  return [options] { return pull(*options); };
}

}  // namespace fathom::cli
