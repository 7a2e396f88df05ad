#include "lsp/status_report.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace fathom::lsp {
namespace {

using completion::ModelState;

/// What the engine of a model that is ready does and has done.
void add_engine(Json& json, const engine::EngineStatistics& engine) {
  int n_jobs = 0;
  for (const int n : engine.n_jobs) n_jobs += n;
  json["running"] = engine.n_running;
  json["waiting"] = std::max(0, n_jobs - engine.n_running);
  json["cached_tokens"] = engine.cached_tokens;
  json["prefill_tokens_per_s"] = engine.prefill_tokens_per_s;
  json["decode_tokens_per_s"] = engine.decode_tokens_per_s;
  json["prompt_tokens"] = engine.n_prompt_tokens;
  json["reused_tokens"] = engine.n_reused_tokens;
  json["generated_tokens"] = engine.n_generated_tokens;
  json["drafted_tokens"] = engine.n_drafted_tokens;
  json["right_drafts"] = engine.n_right_drafts;
}

/// Of a role that has one.
Json server_report(const ModelState& server) {
  Json json = {{"origin", server.server}, {"state", name_of(server.phase)}};
  if (server.phase == ModelState::Phase::ready) json["device"] = server.info.device;
  const std::string& problem = server.error.empty() ? server.problem : server.error;
  if (!problem.empty()) json["problem"] = problem;
  return json;
}

Json model_report(completion::Role role, const completion::ModelHost& models) {
  const ModelState state = models.state(role, completion::Reach::this_machine);
  Json json = {{"role", name_of(role)}, {"state", name_of(state.phase)}, {"model", state.model}};
  switch (state.phase) {
    case ModelState::Phase::unloaded:
      break;
    case ModelState::Phase::loading:
      json["progress"] = state.progress;
      break;
    case ModelState::Phase::failed:
      json["error"] = state.error;
      break;
    case ModelState::Phase::ready:
      json["backend"] = state.info.backend;
      json["device"] = state.info.device;
      json["weight_bytes"] = state.info.weight_bytes;
      json["cache_bytes"] = state.info.cache_bytes;
      json["context_tokens"] = state.info.context_tokens;
      json["cache_tokens"] = state.info.cache_tokens;
      json["ms_load"] = state.info.ms_load;
      json["file_changed"] = state.file_changed;
      if (const auto engine = models.statistics(role)) add_engine(json, *engine);
      break;
  }
  if (const auto server = models.server(role)) json["server"] = server_report(*server);
  return json;
}

Json workspace_report(const completion::WorkspaceState& workspace) {
  return {{"root", workspace.root},
          {"state", workspace.ready ? "ready" : "indexing"},
          {"files", workspace.files},
          {"declarations", workspace.declarations},
          {"text_bytes", workspace.text_bytes},
          {"left_out", workspace.left_out},
          {"complete", workspace.complete},
          {"ms_build", workspace.ms_build}};
}

Json client_report(const ClientStatus& client) {
  return {{"client", client.client},
          {"name", client.name},
          {"version", client.version},
          {"documents", client.n_documents},
          {"connected_s", client.connected_s}};
}

Json histogram_report(const completion::LatencyHistogram& times) {
  return {{"bounds_ms", completion::LatencyHistogram::kBoundsMs},
          {"buckets", times.buckets},
          {"count", times.n},
          {"sum_ms", times.sum_ms},
          {"p50_ms", times.quantile_ms(0.5)},
          {"p95_ms", times.quantile_ms(0.95)}};
}

Json completions_report(const completion::CompletionCounts& counts) {
  return {{"requests", counts.requests},
          {"shown", counts.shown},
          {"from_cache", counts.from_cache},
          {"early", counts.early},
          {"cancelled", counts.cancelled},
          {"failed", counts.failed},
          {"filtered", counts.filtered},
          {"prompt_tokens", counts.prompt_tokens},
          {"reused_tokens", counts.reused_tokens},
          {"generated_tokens", counts.generated_tokens},
          {"first_token", histogram_report(counts.first_token)},
          {"total", histogram_report(counts.total)}};
}

Json acceptance_report(const completion::Acceptance& acceptance) {
  Json json = Json::object();
  for (const auto& [language, counts] : acceptance.counts())
    for (const completion::AcceptanceField& field : completion::kAcceptanceFields)
      json[language][std::string(field.name)] = counts.*field.count;
  return json;
}

}  // namespace

Json status_report(const Services& services, const std::string& version) {
  Json json = {{"version", version}, {"models", Json::array()}};
  for (const completion::Role role : completion::kRoles)
    json["models"].push_back(model_report(role, services.models));
  const completion::ModelSpec configured = services.models.configured();
  json["configured"] = {{"model", configured.model}, {"server", origin_of(configured.remote)}};
  if (services.daemon_status) {
    const DaemonStatus daemon = services.daemon_status();
    json["pid"] = daemon.pid;
    json["uptime_s"] = daemon.uptime_s;
    json["socket"] = daemon.socket;
    if (daemon.port != 0) {
      json["port"] = daemon.port;
      json["token_file"] = daemon.token_file;
    }
    json["clients"] = Json::array();
    for (const ClientStatus& client : daemon.clients)
      json["clients"].push_back(client_report(client));
  }
  if (services.workspaces) {
    json["workspaces"] = Json::array();
    for (const completion::WorkspaceState& workspace : services.workspaces->states())
      json["workspaces"].push_back(workspace_report(workspace));
  }
  if (services.counters) json["completions"] = completions_report(services.counters->counts());
  if (services.acceptance) json["acceptance"] = acceptance_report(*services.acceptance);
  return json;
}

}  // namespace fathom::lsp
