#include "lsp/status_report.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace fathom::lsp {
namespace {

using completion::ModelState;

Json model_report(completion::Role role, const ModelState& state) {
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
      break;
  }
  return json;
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
    json["models"].push_back(model_report(role, services.models.state(role)));
  if (services.daemon_status) {
    const DaemonStatus daemon = services.daemon_status();
    json["pid"] = daemon.pid;
    json["uptime_s"] = daemon.uptime_s;
    json["socket"] = daemon.socket;
    if (daemon.port != 0) json["port"] = daemon.port;
    json["clients"] = Json::array();
    for (const ClientStatus& client : daemon.clients)
      json["clients"].push_back(client_report(client));
  }
  if (services.counters) json["completions"] = completions_report(services.counters->counts());
  if (services.acceptance) json["acceptance"] = acceptance_report(*services.acceptance);
  return json;
}

}  // namespace fathom::lsp
