#include "completion/config.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "completion/syntax/words.h"

namespace fathom::completion {
namespace {

constexpr int kMaxTokens = 1 << 20;
constexpr int kMaxMegabytes = 1 << 24;

constexpr ConfigKey kKeys[] = {
    {.name = "engine.model",
     .member = &Config::model,
     .help = "GGUF file, Hugging Face folder, or name of a model; \"\": the built-in one",
     .project_may_set = false},
    {.name = "engine.memory_mb",
     .member = &Config::memory_mb,
     .help = "memory that the model and its KV cache may take, in megabytes; 0: no limit",
     .project_may_set = false,
     .high = kMaxMegabytes},
    {.name = "engine.reasoning_model",
     .member = &Config::reasoning_model,
     .help = "model that explains and reviews, as engine.model; \"\": engine.model does",
     .project_may_set = false},
    {.name = "engine.reasoning_memory_mb",
     .member = &Config::reasoning_memory_mb,
     .help = "as engine.memory_mb, for engine.reasoning_model",
     .project_may_set = false,
     .high = kMaxMegabytes},
    {.name = "engine.idle_unload_minutes",
     .member = &Config::idle_unload_minutes,
     .help = "unused for so long, a model gives its memory back until it is needed; 0: never",
     .project_may_set = false,
     .high = 60 * 24 * 365},
    {.name = "engine.disk_cache_mb",
     .member = &Config::disk_cache_mb,
     .help = "computed prompts that are kept on disk for the next start, in megabytes; 0: none",
     .project_may_set = false,
     .high = kMaxMegabytes},
    {.name = "engine.backend",
     .member = &Config::backend,
     .help = "what computes",
     .project_may_set = false,
     .choices = "auto cpu cuda reference"},
    {.name = "engine.threads",
     .member = &Config::n_threads,
     .help = "threads that compute; 0: one for each core",
     .project_may_set = false,
     .high = 1024},
    {.name = "engine.context_tokens",
     .member = &Config::context_tokens,
     .help = "longest prompt with its answer; 0: the model's own, at most 8192",
     .project_may_set = false,
     .high = kMaxTokens},
    {.name = "daemon.idle_exit_minutes",
     .member = &Config::idle_exit_minutes,
     .help = "without a client for so long, the daemon leaves; 0: never",
     .project_may_set = false,
     .high = 60 * 24 * 365},
    {.name = "remote.completion_url",
     .member = &Config::remote_completion_url,
     .help = "server that computes in place of the engine here, http[s]://HOST[:PORT]; "
             "engine.model must be the model that it runs: its vocabulary is read; \"\": none",
     .project_may_set = false},
    {.name = "remote.reasoning_url",
     .member = &Config::remote_reasoning_url,
     .help = "the same for explanations and reviews, with engine.reasoning_model",
     .project_may_set = false},
    {.name = "remote.model",
     .member = &Config::remote_model,
     .help = "the model's name at remote.completion_url; \"\": the only one there",
     .project_may_set = false},
    {.name = "remote.reasoning_model",
     .member = &Config::remote_reasoning_model,
     .help = "the model's name at remote.reasoning_url; \"\": the only one there",
     .project_may_set = false},
    {.name = "remote.token_file",
     .member = &Config::remote_token_file,
     .help = "file with the token that the servers want; \"\": FATHOM_REMOTE_TOKEN, if it is set",
     .project_may_set = false},
    {.name = "remote.ca_file",
     .member = &Config::remote_ca_file,
     .help = "PEM file of whom to trust in place of the system's certificates",
     .project_may_set = false},
    {.name = "remote.client_certificate",
     .member = &Config::remote_client_certificate,
     .help = "PEM file of the certificate to show to the servers",
     .project_may_set = false},
    {.name = "remote.client_key",
     .member = &Config::remote_client_key,
     .help = "PEM file of its key; \"\": it is in the certificate's file",
     .project_may_set = false},
    {.name = "remote.allow_unencrypted",
     .member = &Config::remote_allow_unencrypted,
     .help = "send text to servers on other machines without TLS, too (http://)",
     .project_may_set = false},
    {.name = "completion.enabled", .member = &Config::suggest, .help = "suggest at all"},
    {.name = "completion.on_battery",
     .member = &Config::suggest_on_battery,
     .help = "suggest without being asked while the machine runs on a battery, too"},
    {.name = "completion.disabled_languages",
     .member = &Config::disabled_languages,
     .help = "languages in which nothing is suggested, by their LSP names",
     .is_list = true},
    {.name = "completion.max_tokens",
     .member = &Config::max_completion_tokens,
     .help = "longest suggestion; 0: decided by the syntax at the cursor",
     .high = kMaxTokens},
    {.name = "context.cross_file",
     .member = &Config::cross_file,
     .help = "show the model declarations and similar code of the workspace's other files"},
    {.name = "completion.max_lines",
     .member = &Config::max_completion_lines,
     .help =
         "most lines of a suggestion; 0: a block where one begins, else a line; 1: never a block",
     .high = kMaxTokens},
    {.name = "completion.min_confidence",
     .member = &Config::min_confidence,
     .help = "suggestions the model is less sure of are not shown, in percent; 0: all are",
     .high = 100},
    {.name = "completion.latency_budget_ms",
     .member = &Config::latency_budget_ms,
     .help = "then what is ready is shown, and extended later; 0: all of it at once",
     .high = 60'000},
    {.name = "explain.max_reasoning_tokens",
     .member = &Config::max_reasoning_tokens,
     .help = "then the model must begin its answer",
     .high = kMaxTokens},
    {.name = "explain.max_answer_tokens",
     .member = &Config::max_answer_tokens,
     .help = "longest answer",
     .low = 1,
     .high = kMaxTokens},
};

const ConfigKey* find_key(std::string_view name) {
  const auto* found = std::ranges::find(kKeys, name, &ConfigKey::name);
  return found == std::end(kKeys) ? nullptr : found;
}

/// Levenshtein's distance.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string unknown_key(std::string_view name) {
  // A whole name against whole names; a name without its table against the last parts too.
  const auto cost = [name](const ConfigKey& key) {
    const std::string_view last = key.name.substr(key.name.find('.') + 1);
    return std::min(distance(name, key.name), distance(name.substr(name.find('.') + 1), last) + 1);
  };
  const auto nearest = std::ranges::min_element(kKeys, {}, cost);
  if (cost(*nearest) > std::max<size_t>(3, name.size() / 3))
    return fmt::format("there is no key '{}'; `fathom config` lists them all", name);
  return fmt::format("there is no key '{}'; did you mean '{}'?", name, nearest->name);
}

/// The words of a list in one text; nothing if one of them is no word.
std::optional<std::string> joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (word.empty() || word.find(' ') != std::string::npos) return std::nullopt;
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

/// What is wrong with the value, or "".
std::string assign(Config& config, const ConfigKey& key, const ConfigValue& value) {
  if (const auto* member = std::get_if<bool Config::*>(&key.member)) {
    const auto* flag = std::get_if<bool>(&value);
    if (!flag) return "must be true or false";
    config.*(*member) = *flag;
  } else if (const auto* number_member = std::get_if<int Config::*>(&key.member)) {
    const auto* number = std::get_if<int64_t>(&value);
    if (!number || *number < key.low || *number > key.high)
      return fmt::format("must be a whole number from {} to {}", key.low, key.high);
    config.*(*number_member) = static_cast<int>(*number);
  } else if (const auto* list = std::get_if<std::vector<std::string>>(&value);
             list && key.is_list) {
    const std::optional<std::string> words = joined(*list);
    if (!words) return "must be a list of words";
    config.*std::get<std::string Config::*>(key.member) = *words;
  } else {
    const auto* text = std::get_if<std::string>(&value);
    if (!text) return key.is_list ? "must be a list of words" : "must be a text in quotes";
    if (!key.choices.empty() && !contains_word(key.choices, *text))
      return fmt::format("must be one of: {}", key.choices);
    config.*std::get<std::string Config::*>(key.member) = *text;
  }
  return {};
}

}  // namespace

std::span<const ConfigKey> config_keys() { return kKeys; }

std::string_view origin_of(const EffectiveConfig& config, std::string_view key) {
  const auto found = config.origins.find(key);
  return found == config.origins.end() ? std::string_view("default") : found->second;
}

std::string value_text(const Config& config, const ConfigKey& key) {
  if (const auto* flag = std::get_if<bool Config::*>(&key.member))
    return config.*(*flag) ? "true" : "false";
  if (const auto* number = std::get_if<int Config::*>(&key.member))
    return std::to_string(config.*(*number));
  return fmt::format("\"{}\"", config.*std::get<std::string Config::*>(key.member));
}

std::string forbidden_to(ConfigScope scope, std::string_view name) {
  const ConfigKey* key = find_key(name);
  if (scope == ConfigScope::user || !key || key->project_may_set) return {};
  return fmt::format("{} is not for {} to decide; set it in {}", name,
                     scope == ConfigScope::project ? "projects" : "editors",
                     user_config_file().string());
}

std::vector<std::string_view> changed_at_start_only(const Config& before, const Config& after) {
  std::vector<std::string_view> names;
  for (const ConfigKey& key : kKeys)
    if (!key.project_may_set && value_text(before, key) != value_text(after, key))
      names.push_back(key.name);
  return names;
}

void set(EffectiveConfig& config, std::string_view name, const ConfigValue& value,
         std::string_view origin, std::string_view place) {
  const ConfigKey* key = find_key(name);
  const std::string wrong = key ? assign(config.values, *key, value) : unknown_key(name);
  if (wrong.empty()) {
    config.origins.insert_or_assign(std::string(name), origin);
  } else if (key) {
    config.problems.push_back(fmt::format("{}: {} {}", place, name, wrong));
  } else {
    config.problems.push_back(fmt::format("{}: {}", place, wrong));
  }
}

}  // namespace fathom::completion
