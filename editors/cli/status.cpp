// fathom status: what the daemon is doing now.

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "completion/acceptance.h"
#include "editors/cli/command.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/prometheus.h"
#include "lsp/daemon_client.h"
#include "lsp/server_socket.h"

namespace fathom::cli {
namespace {

constexpr std::chrono::seconds kTimeout{5};

struct Options {
  std::string socket;  // "": where daemons listen
  bool json = false;
  bool prometheus = false;
};

std::string duration(double seconds) {
  const auto s = static_cast<int64_t>(seconds);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min", s / 60);
  return fmt::format("{} h {} min", s / 3600, s / 60 % 60);
}

std::string model_line(const Json& model) {
  const std::string name = model.value("model", "");
  std::string line = fmt::format("  {:<11} {:<9} {}", model.value("role", ""),
                                 model.value("state", ""), name.empty() ? "built-in" : name);
  const std::string state = model.value("state", "");
  if (state == "loading") line += fmt::format(", {:.0f} %", model.value("progress", 0.0) * 100);
  if (state == "failed") line += ": " + model.value("error", "");
  if (state == "ready") {
    line += fmt::format(", {} ({}), weights {:.0f} MB, KV cache {:.0f} MB for {} tokens",
                        model.value("backend", ""), model.value("device", ""),
                        model.value("weight_bytes", 0.0) / 1e6,
                        model.value("cache_bytes", 0.0) / 1e6, model.value("cache_tokens", 0));
    if (model.value("file_changed", false)) line += "; its file was replaced since";
  }
  return line + "\n";
}

std::string client_line(const Json& client) {
  const std::string name = client.value("name", "");
  return fmt::format("  {} {}: {} documents, for {}\n", name.empty() ? "?" : name,
                     client.value("version", ""), client.value("documents", 0),
                     duration(client.value("connected_s", 0.0)));
}

std::string completions_text(const Json& counts) {
  std::string text = fmt::format(
      "completions: {} asked for, {} shown ({} without asking the model), {} cancelled, {} "
      "failed\n",
      counts.value("requests", 0), counts.value("shown", 0), counts.value("from_cache", 0),
      counts.value("cancelled", 0), counts.value("failed", 0));
  const Json filtered = counts.value("filtered", Json::object());
  for (const auto& [rule, count] : filtered.items())
    text += fmt::format("  kept back by {}: {}\n", rule, count.get<int64_t>());
  const auto prompt = counts.value("prompt_tokens", 0.0);
  if (prompt > 0)
    text += fmt::format("  {:.0f} % of the prompts' tokens were found in the KV cache\n",
                        100 * counts.value("reused_tokens", 0.0) / prompt);
  for (const auto& [name, label] :
       {std::pair{"first_token", "first token"}, std::pair{"total", "whole answer"}}) {
    const Json times = counts.value(name, Json::object());
    if (times.value("count", 0) > 0)
      text += fmt::format("  {}: half within {} ms, 95 % within {} ms\n", label,
                          times.value("p50_ms", 0.0), times.value("p95_ms", 0.0));
  }
  return text;
}

std::string acceptance_text(const Json& languages) {
  completion::AcceptanceCounts sum;
  for (const auto& [language, counts] : languages.items())
    for (const completion::AcceptanceField& field : completion::kAcceptanceFields)
      sum.*field.count += counts.value(std::string(field.name), uint64_t{0});
  std::string text = fmt::format(
      "suggestions, all time: {} offered, {} accepted, {} in part; kept for 30 s: {} of {}, for 5 "
      "min: {} of {}\n",
      sum.offered, sum.accepted, sum.partially_accepted, sum.kept_30_s,
      sum.kept_30_s + sum.gone_30_s, sum.kept_5_min, sum.kept_5_min + sum.gone_5_min);
  return text;
}

std::string status_text(const Json& status) {
  std::string text = fmt::format(
      "fathom {}, pid {}, up for {}, at {}\n", status.value("version", ""), status.value("pid", 0),
      duration(status.value("uptime_s", 0.0)), status.value("socket", ""));
  text += "models:\n";
  const Json models = status.value("models", Json::array());
  for (const Json& model : models) text += model_line(model);
  const Json clients = status.value("clients", Json::array());
  text += fmt::format("clients: {}\n", clients.size());
  for (const Json& client : clients) text += client_line(client);
  if (status.contains("completions")) text += completions_text(status["completions"]);
  if (status.contains("acceptance")) text += acceptance_text(status["acceptance"]);
  return text;
}

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
  const std::filesystem::path socket =
      options.socket.empty() ? lsp::default_socket_path() : std::filesystem::path(options.socket);
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
  command
      .add_option("--socket", options->socket,
                  "where the daemon listens (default: " + lsp::default_socket_path().string() + ")")
      ->type_name("PATH");
  CLI::Option* json = command.add_flag("--json", options->json, "print JSON");
  command.add_flag("--prometheus", options->prometheus, "print metrics in Prometheus' text format")
      ->excludes(json);
  return [options] { return status(*options); };
}

}  // namespace fathom::cli
