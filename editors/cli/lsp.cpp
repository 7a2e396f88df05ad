// fathom lsp: the language server on stdin and stdout.

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include <unistd.h>

#include "completion/config.h"
#include "editors/cli/command.h"
#include "editors/cli/engine_arguments.h"
#include "editors/cli/make_services.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/socket_option.h"
#include "engine/base/system.h"
#include "engine/base/user_paths.h"
#include "lsp/door_server.h"
#include "lsp/stdio_server.h"

namespace fathom::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  ModelOptions model;
  bool standalone = false;
  std::string socket;  // "": the usual one
};

/// $XDG_STATE_HOME/fathom, made if need be; "" if there is no such place.
fs::path state_folder() {
  const fs::path folder = user_state_path("daemon.log").parent_path();
  make_private_folder(folder);
  return is_usable_folder(folder) ? folder : fs::path();
}

/// This very program, also after its file was replaced by a newer one.
fs::path this_program() {
  const std::optional<fs::path> path = executable_path();
  std::error_code error;
  return path && fs::exists(*path, error) ? *path : fs::path("/proc/self/exe");
}

lsp::DaemonCommand daemon_command(const Options& options) {
  const fs::path state = state_folder();
  lsp::DaemonCommand command{.program = this_program(), .arguments = {"serve"}, .output = {}};
  const auto add = [&](std::initializer_list<std::string> words) {
    command.arguments.insert(command.arguments.end(), words);
  };
  if (!options.socket.empty()) {
    std::error_code error;
    add({"--socket", fs::absolute(options.socket, error).string()});
  }
  if (!state.empty()) {
    add({"--log-file", (state / "daemon.log").string()});
    command.output = state / "daemon.out";
  }
  for (const std::string& word : engine_arguments(options.model)) add({word});
  return command;
}

Result<ExitCode> serve(const Options& options) {
  Log log = stderr_log(options.model.verbose);
  // Editors start their servers in the folder of the workspace.
  const completion::EffectiveConfig config = read_config();
  const auto make = [&] { return make_services(options.model, config.values, log); };
  if (options.standalone) {
    FATHOM_TRY(own, make());
    lsp::Services services = own.borrow();
    return static_cast<ExitCode>(
        lsp::run_stdio({.version = FATHOM_VERSION, .config = config}, services, log));
  }
  const lsp::DoorOptions door{
      .version = FATHOM_VERSION,
      .process_id = ::getpid(),
      .config = config,
      .daemon = {.socket = daemon_socket(options.socket), .command = daemon_command(options)},
      .engine_arguments = engine_arguments(options.model)};
  return static_cast<ExitCode>(lsp::run_door(door, make, log));
}

}  // namespace

Action add_lsp(CLI::App& command) {
  auto options = std::make_shared<Options>();
  add_model_options(command, options->model);
  add_force_fim_option(command, options->model);
  add_socket_option(command, options->socket);
  command.add_flag("--standalone", options->standalone,
                   "keep everything in this process: neither join a daemon nor start one");
  command.footer(
      "Editors start this. It joins the daemon that all editors share, and starts it where\n"
      "there is none; what is said of model and engine is for a daemon that it starts.\n"
      "Exit status: 0 after `shutdown` and `exit`, else 1.");
  return [options] { return serve(*options); };
}

}  // namespace fathom::cli
