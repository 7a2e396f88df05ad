// SARIF 2.1.0 (OASIS), within what GitHub's code scanning takes: required texts are never empty,
// rule ids are stable, results carry fingerprints, paths are relative to the repository's root.

#include <map>

#include <nlohmann/json.hpp>

#include "completion/review/report_format.h"
#include "completion/review/report_parts.h"
#include "engine/base/text.h"

namespace fathom::completion {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSchema =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

std::string rule_id(const Finding& finding) { return "fathom/" + finding.category; }

/// Plain text in which no part is taken for a link (SARIF 3.11.6).
std::string message_text(std::string_view message) {
  std::string text;
  for (const char c : to_valid_utf8(message)) {
    if (c == '[' || c == ']' || c == '\\') text += '\\';
    text += c;
  }
  return text.empty() ? "(no message)" : text;
}

Json location_of(std::string_view path) {
  return {{"uri", path_to_uri(path)}, {"uriBaseId", "%SRCROOT%"}};
}

Json rule(const Finding& finding) {
  const std::string what = "A finding of the category '" + finding.category + "'.";
  return {{"id", rule_id(finding)},
          {"shortDescription", {{"text", what}}},
          {"fullDescription", {{"text", what}}},
          {"help",
           {{"text",
             "A model read the change and found this; it may be wrong. A comment "
             "'fathom:allow' on the line silences it."}}},
          {"properties", {{"tags", {finding.category}}}}};
}

Json fix(const Finding& finding) {
  const Suggestion& suggestion = *finding.suggestion;
  Json region = {{"startLine", suggestion.lines.begin}, {"endLine", suggestion.lines.end}};
  std::string text = replacement_with_lf(suggestion);
  if (text.empty()) {  // the lines with their ends
    region = {{"startLine", suggestion.lines.begin},
              {"startColumn", 1},
              {"endLine", suggestion.lines.end + 1},
              {"endColumn", 1}};
  } else {  // a region without columns ends before the last line's end
    text.pop_back();
  }
  return {
      {"description", {{"text", "Suggested change: " + verified_in_words(suggestion) + "."}}},
      {"artifactChanges",
       {{{"artifactLocation", location_of(finding.path)},
         {"replacements", {{{"deletedRegion", region}, {"insertedContent", {{"text", text}}}}}}}}}};
}

Json result(const Finding& finding, size_t rule_index) {
  Json region = {{"startLine", finding.lines.begin}, {"endLine", finding.lines.end}};
  if (!finding.quote.empty()) region["snippet"] = {{"text", to_valid_utf8(finding.quote)}};
  Json json = {
      {"ruleId", rule_id(finding)},
      {"ruleIndex", rule_index},
      {"level", severity_name(finding.severity)},
      {"message", {{"text", message_text(finding.message)}}},
      {"locations",
       {{{"physicalLocation",
          {{"artifactLocation", location_of(finding.path)}, {"region", std::move(region)}}}}}},
      {"partialFingerprints",
       {{"fathom/v1", finding.fingerprint}, {"primaryLocationLineHash", finding.fingerprint}}},
      {"rank", 100 * finding.confidence}};
  if (finding.suggestion && is_text(finding.suggestion->replacement))
    json["fixes"] = Json::array({fix(finding)});
  return json;
}

Json notification(const Unreviewed& part) {
  Json location = {{"artifactLocation", location_of(part.path)}};
  if (part.lines.begin > 0)
    location["region"] = {{"startLine", part.lines.begin}, {"endLine", part.lines.end}};
  return {{"level", part.is_expected ? "note" : "warning"},
          {"message", {{"text", message_text("not reviewed: " + part.reason)}}},
          {"locations", Json::array({{{"physicalLocation", std::move(location)}}})}};
}

}  // namespace

std::string format_sarif(const ReviewReport& report, const ReportStyle& style) {
  Json rules = Json::array();
  Json results = Json::array();
  std::map<std::string, size_t> indices;  // of categories
  for (const Finding& finding : report.findings) {
    const auto [index, is_new] = indices.emplace(finding.category, indices.size());
    if (is_new) rules.push_back(rule(finding));
    results.push_back(result(finding, index->second));
  }
  Json notifications = Json::array();
  for (const Unreviewed& part : report.unreviewed) notifications.push_back(notification(part));

  const Json run = {
      {"tool",
       {{"driver", {{"name", "fathom"}, {"version", style.version}, {"rules", std::move(rules)}}}}},
      {"automationDetails", {{"id", "fathom-review/"}}},
      {"columnKind", "utf16CodeUnits"},
      {"invocations",
       {{{"executionSuccessful", report.is_complete()},
         {"toolExecutionNotifications", std::move(notifications)}}}},
      {"results", std::move(results)},
      {"properties", {{"model", report.model}}}};
  const Json log = {{"$schema", kSchema}, {"version", "2.1.0"}, {"runs", Json::array({run})}};
  return log.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fathom::completion
