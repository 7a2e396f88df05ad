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

void add_models(Page& page, const Json& models) {
  const auto each = [&](std::string_view name, std::string_view help, auto value_of) {
    page.metric(name, "gauge", help);
    for (const Json& model : models)
      page.sample({{"role", text(model, "role")}, {"model", text(model, "model")}},
                  value_of(model));
  };
  each("fathom_model_ready", "Whether the model of a role is loaded.",
       [](const Json& model) { return text(model, "state") == "ready" ? 1.0 : 0.0; });
  each("fathom_model_weight_bytes", "Memory of a model's weights.",
       [](const Json& model) { return number(model, "weight_bytes"); });
  each("fathom_model_cache_bytes", "Memory of a model's KV cache.",
       [](const Json& model) { return number(model, "cache_bytes"); });
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
  if (status.contains("completions")) add_completions(page, status["completions"]);
  if (status.contains("acceptance")) add_acceptance(page, status["acceptance"]);
  return page.take();
}

}  // namespace fathom::cli
