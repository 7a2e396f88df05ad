// fathom: the one binary. Everything it can do is a subcommand with a file of its own.

#include <algorithm>
#include <csignal>
#include <exception>
#include <string_view>
#include <vector>

#include "editors/cli/command.h"
#include "editors/cli/output.h"
#include "editors/cli/similarity.h"

namespace fathom::cli {
namespace {

struct Command {
  const char* name;
  const char* group;
  const char* summary;
  Action (*add)(CLI::App& command);
};

constexpr Command kCommands[] = {
    {"lsp", "For editors", "language server on stdio for one editor", add_lsp},
    {"serve", "For editors", "the daemon: many editors, one engine", add_serve},
    {"status", "For editors", "what the daemon is doing: models, clients, figures", add_status},
    {"complete", "In a terminal", "one completion at a cursor", add_complete},
    {"explain", "In a terminal", "explains a file or some of its lines", add_explain},
    {"report", "In a terminal", "a review that was kept as JSON, in another format", add_report},
    {"review", "In a terminal", "what is wrong with a change", add_review},
    {"patch", "In a terminal", "what a review suggests, as a diff that applies", add_patch},
    {"generate", "In a terminal", "continues a text, without any template", add_generate},
    {"pull", "Models", "downloads and verifies a model; goes on where it was stopped", add_pull},
    {"models", "Models", "models that are here, and those that can be pulled", add_models},
    {"rm", "Models", "removes a pulled model", add_rm},
    {"tokenize", "Models", "text to token ids and back", add_tokenize},
    {"logits", "Models", "next-token logits, for checking an engine against another", add_logits},
    {"inspect", "Models", "what is in a model file and whether it can run; loads no weights",
     add_inspect},
    {"plan", "Models", "whether and how a model fits, and how fast it would be; on paper",
     add_plan},
    {"convert", "Models", "a Hugging Face folder or GGUF file as a GGUF file of another type",
     add_convert},
    {"synth", "Measuring", "a model file of a real shape with random weights", add_synth},
    {"bench", "Measuring", "speed of the engine; `bench typing`: of completions while typing",
     add_bench},
    {"eval", "Measuring", "what a model is worth: `eval infill` for completions, `eval review`",
     add_eval},
    {"doctor", "Measuring", "what works on this machine, what does not, and what to do",
     add_doctor},
    {"config", "Measuring", "the effective configuration and where each value came from",
     add_config},
    {"debug-compare", "", "a model's activations against those of another implementation",
     add_debug_compare},  // not in --help: for who adds an architecture
};

/// The command that a mistyped name is closest to; null if none is close.
const Command* closest_command(std::string_view name) {
  const auto likeness = [&](const Command& c) { return similarity(name, c.name); };
  const Command& best = *std::ranges::max_element(kCommands, {}, likeness);
  return likeness(best) >= 0.6 ? &best : nullptr;
}

ExitCode report_usage(const CLI::App& app, const CLI::ParseError& error, std::string_view first) {
  const std::vector<CLI::App*> parsed = app.get_subcommands();
  if (parsed.empty() && !first.empty() && !first.starts_with('-')) {
    const Command* meant = closest_command(first);
    report(fmt::format("'{}' is not a command{}; see `fathom --help`", first,
                       meant ? fmt::format(", did you mean '{}'?", meant->name) : ""));
    return ExitCode::usage;
  }
  report(fmt::format("{}; see `fathom {}--help`", error.what(),
                     parsed.empty() ? "" : parsed.front()->get_name() + " "));
  return ExitCode::usage;
}

ExitCode finish(const Result<ExitCode>& result) {
  if (!result) {
    report(result.error().message);
    return exit_code_of(result.error().code);
  }
  if (const Status written = flush_out(); !written) {
    report(written.error().message);
    return ExitCode::failure;
  }
  return *result;
}

ExitCode run(int argc, char** argv) {
  CLI::App app("A code assistant that lives on this machine.", "fathom");
  app.set_version_flag("--version", "fathom " FATHOM_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);  // subcommands inherit it
  app.footer(
      "Every command has --help. Exit status: 0 ok, 1 findings or mismatch, 2 usage or\n"
      "configuration, 3 engine failure or incomplete work.");

  std::vector<std::pair<const CLI::App*, Action>> actions;
  for (const Command& c : kCommands) {
    CLI::App* command = app.add_subcommand(c.name, c.summary)->group(c.group);
    actions.emplace_back(command, c.add(*command));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help and --version
    app.exit(success);
    return finish(ExitCode::ok);
  } catch (const CLI::ParseError& error) {
    return report_usage(app, error, argc > 1 ? argv[1] : "");
  }
  for (const auto& [command, action] : actions)
    if (command->parsed()) return finish(action());
  return ExitCode::usage;
}

}  // namespace
}  // namespace fathom::cli

int main(int argc, char** argv) {
  using namespace fathom::cli;
  // A reader that has seen enough, as `| head` has, ends the program without a word.
  std::signal(SIGPIPE, SIG_DFL);
  try {
    return static_cast<int>(run(argc, argv));
  } catch (const std::bad_alloc&) {
    report("out of memory; a smaller model or a smaller context may fit");
  } catch (const std::exception& error) {
    report(fmt::format("internal error: {}; please report it with the command line", error.what()));
  }
  return static_cast<int>(ExitCode::failure);
}
