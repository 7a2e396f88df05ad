#include "editors/cli/status_text.h"

#include <cstdint>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "completion/acceptance.h"

namespace fathom::cli {
namespace {

std::string text(const Json& object, const char* name) { return object.value(name, ""); }
double number(const Json& object, const char* name) { return object.value(name, 0.0); }
int64_t count(const Json& object, const char* name) { return object.value(name, int64_t{0}); }

std::string n_of(int64_t n, std::string_view what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

std::string duration(double seconds) {
  const auto s = static_cast<int64_t>(seconds);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min", s / 60);
  return fmt::format("{} h {} min", s / 3600, s / 60 % 60);
}

std::string megabytes(double bytes) {
  return fmt::format("{:.{}f} MB", bytes / 1e6, bytes < 1e7 ? 1 : 0);
}

double percent(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

/// A line below its heading, with its name only if it has one.
std::string line(std::string_view name, const std::string& what) {
  return fmt::format("  {:<11} {}\n", name, what);
}

std::string ready_text(const Json& model) {
  std::string out =
      line("", fmt::format("{} ({}), weights {}", text(model, "backend"), text(model, "device"),
                           megabytes(number(model, "weight_bytes"))));
  std::string cache =
      fmt::format("KV cache {} for {} tokens", megabytes(number(model, "cache_bytes")),
                  count(model, "cache_tokens"));
  if (model.contains("cached_tokens"))
    cache += fmt::format(", {:.0f} % used",
                         percent(number(model, "cached_tokens"), number(model, "cache_tokens")));
  if (count(model, "prompt_tokens") > 0)
    cache += fmt::format("; {:.0f} % of {} prompt tokens were found there",
                         percent(number(model, "reused_tokens"), number(model, "prompt_tokens")),
                         count(model, "prompt_tokens"));
  out += line("", cache);
  if (model.contains("running")) {
    std::string work =
        count(model, "running") + count(model, "waiting") == 0
            ? "idle"
            : fmt::format("{} running, {} waiting", n_of(count(model, "running"), "request"),
                          count(model, "waiting"));
    if (number(model, "decode_tokens_per_s") > 0)
      work +=
          fmt::format("; reads {:.0f} tokens/s, writes {:.0f} tokens/s",
                      number(model, "prefill_tokens_per_s"), number(model, "decode_tokens_per_s"));
    out += line("", work);
  }
  if (model.value("file_changed", false))
    out += line("", "its file was replaced; the next load takes the new one");
  return out;
}

/// Of a role that has a server, which computes for those who allow it.
std::string server_text(const Json& model) {
  if (!model.contains("server")) return {};
  const Json& server = model["server"];
  const std::string state = text(server, "state");
  const std::string problem = text(server, "problem");
  std::string words = fmt::format("server {}: ", text(server, "origin"));
  if (!problem.empty()) {
    words += "this machine computes instead: " + problem;
  } else if (state == "ready") {
    words += text(server, "device");
  } else {
    words += state == "loading" ? "connecting" : "not connected (the first request does)";
  }
  return line("", words);
}

std::string model_text(const Json& model) {
  const std::string state = text(model, "state");
  const std::string name = text(model, "model");
  std::string head = fmt::format("{}, {}", name.empty() ? "built-in" : name, state);
  if (state == "unloaded") head += " (the next request loads it)";
  if (state == "loading") head += fmt::format(", {:.0f} %", number(model, "progress") * 100);
  if (state == "failed") head += ": " + text(model, "error");
  return line(text(model, "role"), head) + (state == "ready" ? ready_text(model) : "") +
         server_text(model);
}

std::string origin_of_server(const Json& model) {
  return text(model.value("server", Json::object()), "origin");
}

std::string models_text(const Json& models) {
  std::string out = "models\n";
  for (const Json& model : models) {
    // One model serves both roles unless two are configured.
    const bool is_shared = &model != &models.front() &&
                           text(model, "model") == text(models.front(), "model") &&
                           origin_of_server(model) == origin_of_server(models.front());
    out += is_shared ? line(text(model, "role"), "the same model") : model_text(model);
  }
  return out;
}

std::string workspaces_text(const Json& workspaces) {
  if (workspaces.empty()) return {};
  std::string out = "workspaces\n";
  for (const Json& workspace : workspaces) {
    const std::string size = fmt::format("{}, {}", n_of(count(workspace, "files"), "source file"),
                                         megabytes(number(workspace, "text_bytes")));
    out += fmt::format("  {}\n", text(workspace, "root"));
    out += text(workspace, "state") == "ready"
               ? line("", fmt::format("{}, indexed in {:.1f} s", size,
                                      number(workspace, "ms_build") / 1e3))
               : line("", fmt::format("indexing, {} so far", size));
    if (!workspace.value("complete", true))
      out += line("", "cut by its limits: name what is not needed in .fathomignore");
  }
  return out;
}

std::string clients_text(const Json& clients) {
  std::string out = fmt::format("clients: {}\n", clients.size());
  for (const Json& client : clients) {
    const std::string name = text(client, "name");
    const std::string version = text(client, "version");
    out += fmt::format(
        "  {}{}{}: {}, for {}\n", name.empty() ? "?" : name, version.empty() ? "" : " ", version,
        n_of(count(client, "documents"), "document"), duration(number(client, "connected_s")));
  }
  return out;
}

std::string completions_text(const Json& counts) {
  std::string out = "completions since it was started\n";
  out += line("asked for", fmt::format("{}, of which {} shown ({} at once, without asking the "
                                       "model), {} cancelled, {} failed",
                                       count(counts, "requests"), count(counts, "shown"),
                                       count(counts, "from_cache"), count(counts, "cancelled"),
                                       count(counts, "failed")));
  std::string filtered;
  const Json rules = counts.value("filtered", Json::object());
  for (const auto& [rule, n] : rules.items())
    filtered += fmt::format("{}{} {}", filtered.empty() ? "" : ", ", n.get<int64_t>(), rule);
  if (!filtered.empty()) out += line("kept back", filtered);
  for (const auto& [name, label] :
       {std::pair{"first_token", "first token"}, std::pair{"total", "answer"}}) {
    const Json times = counts.value(name, Json::object());
    if (count(times, "count") > 0)
      out += line(label, fmt::format("half within {} ms, 95 % within {} ms",
                                     number(times, "p50_ms"), number(times, "p95_ms")));
  }
  return out;
}

std::string acceptance_text(const Json& languages) {
  completion::AcceptanceCounts sum;
  for (const auto& [language, counts] : languages.items())
    for (const completion::AcceptanceField& field : completion::kAcceptanceFields)
      sum.*field.count += counts.value(std::string(field.name), uint64_t{0});
  std::string out = "suggestions, all time\n";
  out += line("offered", fmt::format("{}, of which {} accepted, {} in part", sum.offered,
                                     sum.accepted, sum.partially_accepted));
  if (sum.kept_30_s + sum.gone_30_s > 0)
    out += line("kept", fmt::format("for 30 s: {} of {}; for 5 min: {} of {}", sum.kept_30_s,
                                    sum.kept_30_s + sum.gone_30_s, sum.kept_5_min,
                                    sum.kept_5_min + sum.gone_5_min));
  return out;
}

}  // namespace

std::string status_text(const Json& status) {
  std::string out = fmt::format("fathom {}, pid {}, up for {}, at {}", text(status, "version"),
                                count(status, "pid"), duration(number(status, "uptime_s")),
                                text(status, "socket"));
  if (status.contains("port")) out += fmt::format(" and port {}", count(status, "port"));
  out += '\n';
  out += models_text(status.value("models", Json::array()));
  out += workspaces_text(status.value("workspaces", Json::array()));
  out += clients_text(status.value("clients", Json::array()));
  if (status.contains("completions")) out += completions_text(status["completions"]);
  if (status.contains("acceptance")) out += acceptance_text(status["acceptance"]);
  return out;
}

}  // namespace fathom::cli
