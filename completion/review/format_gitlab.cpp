// GitLab's Code Quality report: an array of Code Climate issues.

#include <nlohmann/json.hpp>

#include "completion/review/report_format.h"
#include "completion/review/report_parts.h"

namespace fathom::completion {
namespace {

using Json = nlohmann::ordered_json;

const char* code_climate_severity(Severity severity) {
  if (severity == Severity::error) return "critical";
  return severity == Severity::warning ? "major" : "info";
}

}  // namespace

std::string format_gitlab(const ReviewReport& report, const ReportStyle&) {
  Json issues = Json::array();
  for (const Finding& finding : report.findings)
    issues.push_back({{"description", finding.message},
                      {"check_name", "fathom/" + finding.category},
                      {"fingerprint", finding.fingerprint},
                      {"severity", code_climate_severity(finding.severity)},
                      {"location",
                       {{"path", finding.path},
                        {"lines", {{"begin", finding.lines.begin}, {"end", finding.lines.end}}}}}});
  return issues.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fathom::completion
