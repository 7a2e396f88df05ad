// fathom serve: the daemon that editors share.

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <ratio>
#include <string>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "completion/config.h"
#include "editors/cli/command.h"
#include "editors/cli/engine_arguments.h"
#include "editors/cli/log_file.h"
#include "editors/cli/make_services.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/prometheus.h"
#include "editors/cli/socket_option.h"
#include "engine/base/mapped_file.h"
#include "http/http_server.h"
#include "lsp/server.h"
#include "lsp/server_socket.h"
#include "lsp/server_token.h"
#include "lsp/status_report.h"

namespace fathom::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxTokenBytes = 4096;
constexpr size_t kMinTokenBytes = 16;
// For what is being answered over HTTP when the daemon is to leave.
constexpr std::chrono::seconds kDrainTime{15};

struct Options {
  ModelOptions model;
  std::string socket;  // "": the usual one
  std::optional<uint16_t> port;
  std::string token_file;  // "": beside the socket
  std::optional<uint16_t> http_port;
  std::string http_token_file;  // "": who reaches the port may ask
  std::string http_host;        // "": this machine only
  std::string http_cert;
  std::string http_key;
  std::optional<double> idle_exit_minutes;
  std::string log_file;  // "": stderr
};

/// Where other machines may ask, all of which it takes; nothing: nowhere.
Result<std::optional<http::Network>> network_of(const Options& options) {
  const bool wants_tls = !options.http_cert.empty() || !options.http_key.empty();
  if (options.http_host.empty() && !wants_tls) return std::nullopt;
  if (options.http_host.empty() || options.http_cert.empty() || options.http_key.empty() ||
      options.http_token_file.empty()) {
    return fail(ErrorCode::invalid_argument,
                "what other machines reach needs a token and TLS: give --http-host with "
                "--http-token-file, --http-cert and --http-key, or none of them");
  }
  return http::Network{options.http_host, options.http_cert, options.http_key};
}

/// The models for other programs; null if nobody wants that.
Result<std::unique_ptr<http::HttpServer>> serve_http(const Options& options, lsp::Server& server,
                                                     lsp::Services services, Log& log) {
  if (!options.http_port) return nullptr;
  http::HttpOptions http{.port = *options.http_port, .network = {}, .is_authorized = nullptr};
  FATHOM_TRY(network, network_of(options));
  http.network = std::move(network);
  if (!options.http_token_file.empty()) {
    FATHOM_TRY(text, read_text_file(options.http_token_file, kMaxTokenBytes));
    const std::string token = text.substr(0, text.find_first_of(" \r\n"));
    if (token.size() < kMinTokenBytes) {
      return fail(ErrorCode::invalid_argument, "{}: a token needs at least {} characters",
                  options.http_token_file, kMinTokenBytes);
    }
    http.is_authorized = [token](std::string_view said) { return lsp::is_token(said, token); };
  }
  services.daemon_status = [&server] { return server.status(); };
  return http::HttpServer::create(
      http,
      {.models = services.models,
       .metrics =
           [post = server.poster(), services](std::function<void(std::string)> done) {
             post([services, done = std::move(done)] {
               done(prometheus_text(lsp::status_report(services, FATHOM_VERSION)));
             });
           }},
      log);
}

Result<ExitCode> run(const Options& options, Log& log) {
  // No project's file: the daemon serves them all, wherever it was started.
  const completion::EffectiveConfig config = completion::load_config({});
  for (const std::string& problem : config.problems) log.warning("{}", problem);

  if (options.socket.empty()) FATHOM_CHECK(lsp::make_socket_folder());
  const fs::path path = daemon_socket(options.socket);
  FATHOM_TRY(claim, lsp::ServerSocket::claim(path));
  if (const auto* running = std::get_if<lsp::RunningServer>(&claim)) {
    write_out(fmt::format("already running, pid {}, at {}\n", running->pid, path.string()));
    return ExitCode::ok;
  }
  const fs::path token_file = options.token_file.empty() ? path.parent_path() / "fathom.token"
                                                         : fs::path(options.token_file);
  // Who asks over HTTP is no client that could leave.
  const double idle_minutes = options.http_port ? 0 : config.values.idle_exit_minutes;
  const std::chrono::duration<double, std::ratio<60>> idle_exit(
      options.idle_exit_minutes.value_or(idle_minutes));
  FATHOM_TRY(services, make_services(options.model, config.values, log));
  FATHOM_TRY(server, lsp::Server::create(
                         std::move(std::get<lsp::ServerSocket>(claim)),
                         {.version = FATHOM_VERSION,
                          .config = config,
                          .engine_arguments = engine_arguments(options.model),
                          .port = options.port,
                          .token_file = token_file,
                          .idle_exit = std::chrono::ceil<std::chrono::milliseconds>(idle_exit),
                          .handle_signals = true},
                         services.borrow(), log));
  FATHOM_TRY(http, serve_http(options, *server, services.borrow(), log));
  std::string also =
      options.port ? fmt::format(" and port {} (token in {})", server->port(), token_file.string())
                   : "";
  if (http && options.http_host.empty()) {
    also += fmt::format(" and http://localhost:{}", http->port());
  } else if (http) {
    also += fmt::format(" and https at port {} of {}", http->port(), options.http_host);
  }
  stream_out(fmt::format("listening at {}{}\n", path.string(), also));
  log.info("pid {} listens at {}{}", ::getpid(), path.string(), also);
  server->run();
  if (http) http->drain(kDrainTime);
  log.info("stopped");
  return ExitCode::ok;
}

Result<ExitCode> serve(const Options& options) {
  if (options.log_file.empty()) {
    Log log = stderr_log(options.model.verbose);
    return run(options, log);
  }
  FATHOM_TRY(file, LogFile::open(options.log_file));
  Log log = file_log(std::move(file), LogLevel::info);
  Result<ExitCode> result = run(options, log);
  if (!result) log.error("{}", result.error().message);
  return result;
}

}  // namespace

Action add_serve(CLI::App& command) {
  auto options = std::make_shared<Options>();
  add_model_options(command, options->model);
  add_force_fim_option(command, options->model);
  add_socket_option(command, options->socket);
  command
      .add_option("--port", options->port,
                  "listen on this port of 127.0.0.1 and ::1 too, for clients that know the token; "
                  "0: one that is free (default: no port)")
      ->type_name("N");
  command
      .add_option("--token-file", options->token_file,
                  "where to write the token of --port (default: fathom.token beside the socket)")
      ->type_name("PATH");
  CLI::Option* http =
      command
          .add_option(
              "--http", options->http_port,
              "offer the models to other programs on this machine, at this port of 127.0.0.1 "
              "and ::1, as OpenAI's API and llama-server's /infill; 0: one that is free")
          ->type_name("PORT");
  command
      .add_option("--http-token-file", options->http_token_file,
                  "who asks over HTTP must send the token in this file (Authorization: Bearer)")
      ->type_name("PATH");
  command
      .add_option("--http-host", options->http_host,
                  "let other machines ask at this address, over TLS and with a token only; 0.0.0.0 "
                  "or :: for all of IPv4 or IPv6 (default: this machine only)")
      ->needs(http)
      ->type_name("ADDRESS");
  command
      .add_option("--http-cert", options->http_cert,
                  "the certificate of --http-host, with its chain, in PEM")
      ->needs(http)
      ->type_name("PATH");
  command.add_option("--http-key", options->http_key, "its private key, in PEM")
      ->needs(http)
      ->type_name("PATH");
  command
      .add_option("--idle-exit", options->idle_exit_minutes,
                  "leave when no client has been here for so long; 0: never (default: "
                  "daemon.idle_exit_minutes of the configuration; with --http: 0)")
      ->check(CLI::Range(0.0, 60.0 * 24 * 365).description(""))
      ->type_name("MINUTES");
  command
      .add_option("--log-file", options->log_file,
                  "log to this file, at most 5 MB and the 5 MB before, instead of stderr")
      ->type_name("PATH");
  command.footer(
      "`fathom lsp` starts the daemon where there is none. Start it yourself to keep it\n"
      "(--idle-exit 0), for a port, or to see its log; Ctrl-C ends it. `fathom status` tells\n"
      "what it does. If one listens there already, this says so and ends with 0.");
  return [options] { return serve(*options); };
}

}  // namespace fathom::cli
