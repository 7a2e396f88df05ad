// The report itself as JSON: docs/review.schema.json. read_report.h reads it back.

#include <nlohmann/json.hpp>

#include "completion/review/report_format.h"
#include "completion/review/report_parts.h"
#include "engine/base/text.h"

namespace fathom::completion {
namespace {

using Json = nlohmann::ordered_json;

Json lines_json(LineRange lines) { return {{"begin", lines.begin}, {"end", lines.end}}; }

Json finding_json(const Finding& finding) {
  Json json = {{"path", finding.path},
               {"uri", path_to_uri(finding.path)},
               {"lines", lines_json(finding.lines)},
               {"severity", severity_name(finding.severity)},
               {"category", finding.category},
               {"confidence", finding.confidence},
               {"message", finding.message},
               {"quote", finding.quote},
               {"fingerprint", finding.fingerprint}};
  if (finding.suggestion && is_text(finding.suggestion->replacement))
    json["suggestion"] = {{"lines", lines_json(finding.suggestion->lines)},
                          {"replacement", finding.suggestion->replacement},
                          {"parses", finding.suggestion->parses},
                          {"checked", finding.suggestion->checked}};
  return json;
}

/// Runs of added lines, as ranges.
Json added_json(const Hunk& hunk) {
  std::vector<LineRange> runs;
  for (const DiffLine& line : hunk.lines) {
    if (line.kind != DiffLine::Kind::added) continue;
    if (!runs.empty() && runs.back().end + 1 == line.new_line)
      ++runs.back().end;
    else
      runs.push_back({line.new_line, line.new_line});
  }
  Json json = Json::array();
  for (const LineRange run : runs) json.push_back(lines_json(run));
  return json;
}

Json file_json(const FileDiff& diff) {
  Json hunks = Json::array();
  for (const Hunk& hunk : diff.hunks)
    hunks.push_back({{"old_begin", hunk.old_begin},
                     {"old_count", hunk.old_count},
                     {"new_begin", hunk.new_begin},
                     {"new_count", hunk.new_count},
                     {"added", added_json(hunk)}});
  return {{"old_uri", path_to_uri(diff.old_path)},
          {"new_uri", path_to_uri(diff.new_path)},
          {"status", status_name(diff.status)},
          {"binary", diff.is_binary},
          {"hunks", std::move(hunks)}};
}

Json unreviewed_json(const Unreviewed& part) {
  return {{"path", part.path},
          {"uri", path_to_uri(part.path)},
          {"lines", part.lines.begin > 0 ? lines_json(part.lines) : Json()},
          {"reason", part.reason},
          {"expected", part.is_expected}};
}

Json rejected_json(const RejectedFindings& rejected) {
  return {{"no_anchor", rejected.no_anchor},           {"not_added", rejected.not_added},
          {"malformed", rejected.malformed},           {"duplicate", rejected.duplicate},
          {"low_confidence", rejected.low_confidence}, {"over_limit", rejected.over_limit},
          {"suppressed", rejected.suppressed},         {"suggestions", rejected.suggestions}};
}

}  // namespace

std::string format_json(const ReviewReport& report, const ReportStyle& style) {
  Json findings = Json::array();
  for (const Finding& finding : report.findings) findings.push_back(finding_json(finding));
  Json files = Json::array();
  for (const ReviewedFile& file : report.files) files.push_back(file_json(file.diff));
  Json unreviewed = Json::array();
  for (const Unreviewed& part : report.unreviewed) unreviewed.push_back(unreviewed_json(part));
  const Json json = {{"format", "fathom-review"},
                     {"format_version", 1},
                     {"fathom_version", style.version},
                     {"model", report.model},
                     {"complete", report.is_complete()},
                     {"findings", std::move(findings)},
                     {"unreviewed", std::move(unreviewed)},
                     {"rejected", rejected_json(report.rejected)},
                     {"hunks", report.n_hunks},
                     {"prompt_tokens", report.prompt_tokens},
                     {"output_tokens", report.output_tokens},
                     {"files", std::move(files)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fathom::completion
