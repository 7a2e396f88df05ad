// reviewdog's rdjsonl (proto/rdf/reviewdog.proto there): a Diagnostic a line. Ranges are of whole
// lines, which reviewdog counts without columns and with their ends. It posts messages as Markdown.

#include <nlohmann/json.hpp>

#include "completion/review/markdown.h"
#include "completion/review/report_format.h"
#include "completion/review/report_parts.h"
#include "engine/base/text.h"

namespace fathom::completion {
namespace {

using Json = nlohmann::ordered_json;

const char* rd_severity(Severity severity) {
  if (severity == Severity::error) return "ERROR";
  return severity == Severity::warning ? "WARNING" : "INFO";
}

Json range(LineRange lines) {
  return {{"start", {{"line", lines.begin}}}, {"end", {{"line", lines.end}}}};
}

/// reviewdog adds the last line's end itself, and so cannot tell one empty line from none.
bool can_be_said(const Suggestion& suggestion) {
  return is_text(suggestion.replacement) && replacement_with_lf(suggestion) != "\n";
}

Json diagnostic(const Finding& finding) {
  // reviewdog offers a suggestion only on exactly its lines.
  const bool suggests = finding.suggestion && can_be_said(*finding.suggestion);
  const LineRange lines = suggests ? finding.suggestion->lines : finding.lines;
  Json json = {{"message", inert_text(finding.message)},
               {"location", {{"path", finding.path}, {"range", range(lines)}}},
               {"severity", rd_severity(finding.severity)},
               {"source", {{"name", "fathom"}}},
               {"code", {{"value", finding.category}}}};
  if (suggests) {
    std::string text = replacement_with_lf(*finding.suggestion);
    if (!text.empty()) text.pop_back();
    json["suggestions"] = Json::array({{{"range", range(lines)}, {"text", std::move(text)}}});
  }
  return json;
}

}  // namespace

std::string format_rdjsonl(const ReviewReport& report, const ReportStyle&) {
  std::string lines;
  for (const Finding& finding : report.findings)
    lines += diagnostic(finding).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return lines;
}

}  // namespace fathom::completion
