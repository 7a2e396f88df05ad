#include "editors/cli/prometheus.h"

#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "completion/acceptance.h"

namespace fathom::cli {
namespace {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

class Page final {
 public:
  /// Begins a metric: what follows are its samples.
  void metric(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }

  void sample(const Labels& labels, double value, std::string_view suffix = "") {
    text_ += name_;
    text_ += suffix;
    for (size_t i = 0; i < labels.size(); ++i)
      text_ += fmt::format("{}{}=\"{}\"", i == 0 ? "{" : ",", labels[i].first,
                           escaped(labels[i].second));
    if (!labels.empty()) text_ += '}';
    text_ += fmt::format(" {}\n", value);
  }

  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

double number(const Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

std::string text(const Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The member, or an empty value of the same kind.
const Json& member(const Json& object, std::string_view name) {
  static const Json kNone;
  const auto found = object.find(name);
  return found == object.end() ? kNone : *found;
}

void add_process(Page& page, const Json& status) {
  page.metric("fathom_info", "gauge", "The running version, always 1.");
  page.sample({{"version", text(status, "version")}}, 1);
  if (!status.contains("uptime_s")) return;
  page.metric("fathom_uptime_seconds", "gauge", "Seconds since the daemon was started.");
  page.sample({}, number(status, "uptime_s"));
  const Json& clients = member(status, "clients");
  double n_documents = 0;
  for (const Json& client : clients) n_documents += number(client, "documents");
  page.metric("fathom_clients", "gauge", "Clients that are connected.");
  page.sample({}, static_cast<double>(clients.size()));
  page.metric("fathom_open_documents", "gauge", "Documents that clients have open.");
  page.sample({}, n_documents);
}

/// A number of each model, 0 while it is not loaded.
struct ModelGauge {
  std::string_view name;
  std::string_view member;
  std::string_view help;
};

constexpr ModelGauge kModelGauges[] = {
    {"fathom_model_weight_bytes", "weight_bytes", "Memory of a model's weights."},
    {"fathom_model_cache_bytes", "cache_bytes", "Memory of a model's KV cache."},
    {"fathom_model_cache_tokens", "cache_tokens", "Tokens that the KV cache has room for."},
    {"fathom_model_cached_tokens", "cached_tokens", "Tokens that the KV cache holds."},
    {"fathom_model_jobs_running", "running", "Requests that the model computes."},
    {"fathom_model_jobs_waiting", "waiting", "Requests that wait for the model."},
    {"fathom_model_prefill_tokens_per_second", "prefill_tokens_per_s",
     "Speed of the latest prompts; 0: none yet."},
    {"fathom_model_decode_tokens_per_second", "decode_tokens_per_s",
     "Speed of the latest answers; 0: none yet."},
};

void add_models(Page& page, const Json& models) {
  const auto labels = [](const Json& model) -> Labels {
    return {{"role", text(model, "role")}, {"model", text(model, "model")}};
  };
  page.metric("fathom_model_ready", "gauge", "Whether the model of a role is loaded.");
  for (const Json& model : models)
    page.sample(labels(model), text(model, "state") == "ready" ? 1 : 0);
  for (const ModelGauge& gauge : kModelGauges) {
    page.metric(gauge.name, "gauge", gauge.help);
    for (const Json& model : models) page.sample(labels(model), number(model, gauge.member));
  }
}

/// Without their names, which tell what a person works on.
void add_workspaces(Page& page, const Json& workspaces) {
  double n_ready = 0;
  double n_files = 0;
  double n_bytes = 0;
  for (const Json& workspace : workspaces) {
    n_ready += text(workspace, "state") == "ready" ? 1 : 0;
    n_files += number(workspace, "files");
    n_bytes += number(workspace, "text_bytes");
  }
  page.metric("fathom_workspaces", "gauge", "Folders that clients work in, by their index.");
  page.sample({{"state", "ready"}}, n_ready);
  page.sample({{"state", "indexing"}}, static_cast<double>(workspaces.size()) - n_ready);
  page.metric("fathom_indexed_files", "gauge", "Source files in the indexes of all folders.");
  page.sample({}, n_files);
  page.metric("fathom_indexed_bytes", "gauge", "Bytes of these files.");
  page.sample({}, n_bytes);
}

/// `histogram`: {"bounds_ms", "buckets", "count", "sum_ms"}, buckets not cumulative.
void add_histogram(Page& page, std::string_view name, std::string_view help,
                   const Json& histogram) {
  page.metric(name, "histogram", help);
  const Json& bounds = member(histogram, "bounds_ms");
  double seen = 0;
  size_t i = 0;
  for (const Json& bucket : member(histogram, "buckets")) {
    seen += bucket.get<double>();
    const std::string bound =
        i < bounds.size() ? fmt::format("{}", bounds[i].get<double>() / 1e3) : "+Inf";
    page.sample({{"le", bound}}, seen, "_bucket");
    ++i;
  }
  page.sample({}, number(histogram, "sum_ms") / 1e3, "_sum");
  page.sample({}, number(histogram, "count"), "_count");
}

void add_completions(Page& page, const Json& counts) {
  page.metric("fathom_completions_total", "counter", "Requests for completions, by their end.");
  for (const std::string_view end : {"shown", "cancelled", "failed"})
    page.sample({{"end", std::string(end)}}, number(counts, end));
  double n_filtered = 0;
  for (const auto& [rule, count] : member(counts, "filtered").items())
    n_filtered += count.get<double>();
  page.sample({{"end", "filtered"}}, n_filtered);
  page.metric("fathom_completions_filtered_total", "counter",
              "Completions that were not shown, by the rule that kept them back.");
  for (const auto& [rule, count] : member(counts, "filtered").items())
    page.sample({{"rule", rule}}, count.get<double>());
  page.metric("fathom_completions_cached_total", "counter",
              "Completions that were shown without asking the model.");
  page.sample({}, number(counts, "from_cache"));
  page.metric("fathom_prompt_tokens_total", "counter",
              "Tokens of prompts, by whether they were computed or found in the KV cache.");
  const double reused = number(counts, "reused_tokens");
  page.sample({{"source", "cache"}}, reused);
  page.sample({{"source", "computed"}}, number(counts, "prompt_tokens") - reused);
  page.metric("fathom_generated_tokens_total", "counter", "Tokens that the model has written.");
  page.sample({}, number(counts, "generated_tokens"));
  add_histogram(page, "fathom_completion_first_token_seconds",
                "From a request for a completion to the model's first token.",
                member(counts, "first_token"));
  add_histogram(page, "fathom_completion_seconds", "From a request for a completion to its answer.",
                member(counts, "total"));
}

void add_acceptance(Page& page, const Json& acceptance) {
  for (const completion::AcceptanceField& field : completion::kAcceptanceFields) {
    page.metric(fmt::format("fathom_suggestions_{}_total", field.name), "counter",
                fmt::format("{}.", field.help));
    for (const auto& [language, counts] : acceptance.items())
      page.sample({{"language", language}}, number(counts, field.name));
  }
}

}  // namespace

std::string prometheus_text(const Json& status) {
  Page page;
  add_process(page, status);
  if (status.contains("models")) add_models(page, status["models"]);
  if (status.contains("workspaces")) add_workspaces(page, status["workspaces"]);
  if (status.contains("completions")) add_completions(page, status["completions"]);
  if (status.contains("acceptance")) add_acceptance(page, status["acceptance"]);
  return page.take();
}

}  // namespace fathom::cli
