#include "engine/checkpoint/config_json.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace fathom::engine {
namespace {

using Json = nlohmann::json;

bool is_too_large(const Json& value) {
  return value.is_number_unsigned() &&
         value.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
}

bool all_of(const Json& array, bool (Json::*is)() const noexcept) {
  return std::all_of(array.begin(), array.end(), [&](const Json& item) { return (item.*is)(); });
}

std::optional<Metadata::Value> array_value(const Json& array) {
  if (all_of(array, &Json::is_number_integer)) return array.get<std::vector<int64_t>>();
  if (all_of(array, &Json::is_number)) return array.get<std::vector<double>>();
  if (all_of(array, &Json::is_string)) return array.get<std::vector<std::string>>();
  if (all_of(array, &Json::is_boolean)) {
    std::vector<int64_t> values;
    for (const Json& item : array) values.push_back(item.get<bool>());
    return values;
  }
  return std::nullopt;
}

std::optional<Metadata::Value> leaf_value(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_number_float()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) return array_value(value);
  return std::nullopt;
}

/// Recursion is bounded: parse_json refuses deep nesting.
Status flatten(const Json& object, const std::string& prefix, const std::string& source,
               Metadata& out) {
  for (const auto& [name, value] : object.items()) {
    std::string key = prefix + name;
    if (value.is_object()) {
      FATHOM_CHECK(flatten(value, key + ".", source, out));
      continue;
    }
    if (is_too_large(value) ||
        (value.is_array() && std::any_of(value.begin(), value.end(), is_too_large)))
      return fail(ErrorCode::corrupt, "{}: '{}': a number is above 2^63 - 1", source, key);
    if (auto leaf = leaf_value(value)) out.set(std::move(key), std::move(*leaf));
  }
  return {};
}

}  // namespace

Result<Metadata> flatten_config(const Json& config, const std::string& source) {
  if (!config.is_object()) return fail(ErrorCode::corrupt, "{}: is not a JSON object", source);
  Metadata metadata;
  FATHOM_CHECK(flatten(config, "", source, metadata));
  return metadata;
}

}  // namespace fathom::engine
