#include "lsp/settings.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fathom::lsp {
namespace {

using completion::ConfigScope;
using completion::ConfigValue;
using completion::EffectiveConfig;

constexpr std::string_view kOrigin = "the editor";

/// Tables of an editor's settings under our name that are the editor's own business, and the
/// password of a connection.
bool is_for_others(std::string_view name) {
  const std::string_view table = name.substr(0, name.find('.'));
  return table == "client" || table == "trace" || name == "token";
}

/// maxTokens -> max_tokens
std::string snake_case(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      out += '_';
      out += static_cast<char>(c - 'A' + 'a');
    } else {
      out += c;
    }
  }
  return out;
}

std::optional<ConfigValue> value_of(const Json& json) {
  if (json.is_boolean()) return ConfigValue(json.get<bool>());
  if (json.is_number_integer()) return ConfigValue(json.get<int64_t>());
  if (json.is_string()) return ConfigValue(json.get<std::string>());
  if (!json.is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const Json& element : json) {
    if (!element.is_string()) return std::nullopt;
    texts.push_back(element.get<std::string>());
  }
  return ConfigValue(std::move(texts));
}

void read_table(const Json& table, const std::string& prefix, ClientSettings& out) {
  for (const auto& [member, value] : table.items()) {
    const std::string name = prefix + member;
    if (is_for_others(name) || value.is_null()) continue;
    if (value.is_object()) {
      read_table(value, name + ".", out);
    } else if (std::optional<ConfigValue> known = value_of(value)) {
      out.settings.push_back({.key = snake_case(name), .value = *std::move(known)});
    } else {
      out.problems.push_back(
          fmt::format("{}: {} must be a text, a whole number, true or false", kOrigin, name));
    }
  }
}

}  // namespace

ClientSettings read_settings(const Json& json) {
  ClientSettings settings;
  if (json.is_object()) {
    read_table(json, "", settings);
  } else if (!json.is_null()) {
    settings.problems.push_back(fmt::format("{}: the settings must be an object", kOrigin));
  }
  return settings;
}

Settings::Settings(EffectiveConfig base) : base_(std::move(base)) { apply(); }

void Settings::set_client(ClientSettings client) {
  client_ = std::move(client);
  apply();
}

void Settings::set_base(EffectiveConfig base) {
  for (const std::string_view key : completion::changed_at_start_only(base_.values, base.values))
    new_problems_.push_back(
        fmt::format("{} was changed; restart fathom to let it take effect", key));
  base_ = std::move(base);
  apply();
}

std::vector<std::string> Settings::take_problems() { return std::exchange(new_problems_, {}); }

void Settings::apply() {
  effective_ = base_;
  effective_.problems.insert(effective_.problems.end(), client_.problems.begin(),
                             client_.problems.end());
  for (const ClientSettings::Setting& setting : client_.settings) {
    std::string forbidden = completion::forbidden_to(ConfigScope::client, setting.key);
    if (!forbidden.empty()) {
      effective_.problems.push_back(fmt::format("{}: {}", kOrigin, forbidden));
    } else {
      completion::set(effective_, setting.key, setting.value, kOrigin, kOrigin);
    }
  }

  std::set<std::string> now(effective_.problems.begin(), effective_.problems.end());
  std::ranges::set_difference(now, told_, std::back_inserter(new_problems_));
  told_ = std::move(now);
}

}  // namespace fathom::lsp
