#include "completion/review/baseline.h"

#include <map>

#include <nlohmann/json.hpp>

#include "engine/base/text.h"

namespace fathom::completion {
namespace {

using Json = nlohmann::ordered_json;

/// The entries by fingerprint.
Result<std::map<std::string, Json>> read_entries(std::string_view json, std::string_view name) {
  const auto corrupt = [&] {
    return fail(ErrorCode::corrupt,
                "{}: not a baseline; make it anew with `fathom review --write-baseline {}`", name,
                name);
  };
  const Json root = Json::parse(json, nullptr, false);
  if (!root.is_object() || !root.contains("findings") || !root["findings"].is_array())
    return corrupt();
  const auto text_of = [](const Json& entry, const char* key) {
    const auto value = entry.find(key);
    return value != entry.end() && value->is_string() ? value->get<std::string>() : std::string();
  };
  std::map<std::string, Json> entries;
  for (const Json& entry : root["findings"]) {
    if (!entry.is_object()) return corrupt();
    const std::string fingerprint = text_of(entry, "fingerprint");
    if (fingerprint.empty()) return corrupt();
    entries[fingerprint] = {{"fingerprint", fingerprint},
                            {"path", text_of(entry, "path")},
                            {"category", text_of(entry, "category")}};
  }
  return entries;
}

}  // namespace

Result<std::set<std::string>> read_baseline(std::string_view json, std::string_view name) {
  FATHOM_TRY(entries, read_entries(json, name));
  std::set<std::string> fingerprints;
  for (const auto& [fingerprint, entry] : entries) fingerprints.insert(fingerprint);
  return fingerprints;
}

Result<std::string> write_baseline(const std::vector<Finding>& findings, std::string_view before,
                                   std::string_view name) {
  std::map<std::string, Json> entries;
  if (!before.empty()) {
    FATHOM_TRY(known, read_entries(before, name));
    entries = std::move(known);
  }
  for (const Finding& finding : findings) {
    entries[finding.fingerprint] = {{"fingerprint", finding.fingerprint},
                                    {"path", to_valid_utf8(finding.path)},
                                    {"category", finding.category}};
  }
  std::string text = "{\"version\":1,\"findings\":[";
  const char* separator = "\n";
  for (const auto& [fingerprint, entry] : entries) {
    text.append(separator).append(entry.dump());
    separator = ",\n";
  }
  return text + "\n]}\n";
}

}  // namespace fathom::completion
