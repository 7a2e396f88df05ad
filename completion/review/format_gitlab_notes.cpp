// Bodies of GitLab's POST /projects/ID/merge_requests/N/discussions, an array. A discussion hangs
// on one added line; whoever posts adds the three commits to `position`. A suggestion says how many
// lines above and below that line it replaces, at most 100 each.

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "completion/review/comment_body.h"
#include "completion/review/report_format.h"
#include "completion/review/report_parts.h"
#include "engine/base/text.h"

namespace fathom::completion {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxLinesAside = 100;

/// "suggestion:-1+2" on `line`; "" if GitLab would not take it.
std::string suggestion_info(const Finding& finding, int line) {
  const LineRange lines = finding.suggestion->lines;
  const int above = line - lines.begin;
  const int below = lines.end - line;
  if (above > kMaxLinesAside || below > kMaxLinesAside) return "";
  return fmt::format("suggestion:-{}+{}", above, below);
}

Json note(const ReviewReport& report, const Finding& finding, int line, std::string_view info) {
  const FileDiff& diff = find_file(report, finding.path)->diff;
  return {{"body", comment_body(finding, info)},
          {"position",
           {{"position_type", "text"},
            {"old_path", diff.old_path.empty() ? diff.new_path : diff.old_path},
            {"new_path", diff.new_path},
            {"new_line", line}}}};
}

}  // namespace

std::string format_gitlab_notes(const ReviewReport& report, const ReportStyle&) {
  Json notes = Json::array();
  for (const Finding& finding : report.findings) {
    if (!is_text(finding.path)) continue;  // GitLab could not find the file
    if (is_committable(finding)) {
      if (const auto line = last_added_line(report, finding.path, finding.suggestion->lines)) {
        notes.push_back(note(report, finding, *line, suggestion_info(finding, *line)));
        continue;
      }
    }
    if (const auto line = last_added_line(report, finding.path, finding.lines))
      notes.push_back(note(report, finding, *line, ""));
  }
  return notes.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fathom::completion
