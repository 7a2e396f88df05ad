// fathom status: what the daemon is doing now.

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "editors/cli/command.h"
#include "editors/cli/output.h"
#include "editors/cli/prometheus.h"
#include "editors/cli/socket_option.h"
#include "editors/cli/status_text.h"
#include "lsp/daemon_client.h"

namespace fathom::cli {
namespace {

constexpr std::chrono::seconds kTimeout{5};

struct Options {
  std::string socket;  // "": where daemons listen
  bool json = false;
  bool prometheus = false;
};

Result<ExitCode> not_running(const Options& options, const std::string& socket) {
  if (options.json) {
    write_json({{"running", false}, {"socket", socket}});
  } else {
    report(
        fmt::format("no daemon listens at {}; an editor starts one with `fathom lsp`, you with "
                    "`fathom serve`",
                    socket));
  }
  return ExitCode::findings;
}

Result<ExitCode> status(const Options& options) {
  const std::filesystem::path socket = daemon_socket(options.socket);
  auto client = lsp::DaemonClient::open(socket, kTimeout);
  if (!client && client.error().code == ErrorCode::not_found)
    return not_running(options, socket.string());
  if (!client) return tl::unexpected(client.error());
  FATHOM_TRY(answer, client->request("fathom/status", "{}", kTimeout));
  Json status = {{"running", true}};
  const Json told = Json::parse(answer, nullptr, /*allow_exceptions=*/false);
  if (!told.is_object())
    return fail(ErrorCode::internal,
                "the daemon at {} does not tell its status; is it an older "
                "version? restart it",
                socket.string());
  status.update(told);
  if (options.prometheus) {
    write_out(prometheus_text(status));
  } else if (options.json) {
    write_json(status);
  } else {
    write_out(printable(status_text(status)));
  }
  return ExitCode::ok;
}

}  // namespace

Action add_status(CLI::App& command) {
  auto options = std::make_shared<Options>();
  add_socket_option(command, options->socket);
  CLI::Option* json = command.add_flag("--json", options->json, "print JSON");
  command.add_flag("--prometheus", options->prometheus, "print metrics in Prometheus' text format")
      ->excludes(json);
  command.footer("Exit status: 0 a daemon answered, 1 none listens there.");
  return [options] { return status(*options); };
}

}  // namespace fathom::cli
