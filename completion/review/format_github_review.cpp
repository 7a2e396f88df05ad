// The body of GitHub's POST /repos/OWNER/REPO/pulls/N/reviews: one comment a finding, with a
// suggestion block where GitHub would let it be applied. Findings outside the diff are left out:
// GitHub refuses the whole review for one of them.

#include <nlohmann/json.hpp>

#include "completion/review/comment_body.h"
#include "completion/review/report_format.h"
#include "completion/review/report_parts.h"
#include "engine/base/text.h"

namespace fathom::completion {
namespace {

using Json = nlohmann::ordered_json;

Json comment(const Finding& finding, LineRange lines, std::string_view suggestion_info) {
  Json json = {{"path", finding.path}, {"line", lines.end}, {"side", "RIGHT"}};
  if (lines.begin < lines.end) {
    json["start_line"] = lines.begin;
    json["start_side"] = "RIGHT";
  }
  json["body"] = comment_body(finding, suggestion_info);
  return json;
}

}  // namespace

std::string format_github_review(const ReviewReport& report, const ReportStyle&) {
  Json comments = Json::array();
  for (const Finding& finding : report.findings) {
    if (!is_text(finding.path)) continue;  // GitHub could not find the file
    // The block replaces exactly the lines of the comment.
    if (is_committable(finding) && is_in_one_hunk(report, finding.path, finding.suggestion->lines))
      comments.push_back(comment(finding, finding.suggestion->lines, "suggestion"));
    else if (is_in_one_hunk(report, finding.path, finding.lines))
      comments.push_back(comment(finding, finding.lines, ""));
  }
  const Json review = {{"event", "COMMENT"},
                       {"body", "fathom: " + findings_in_words(report)},
                       {"comments", std::move(comments)}};
  return review.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fathom::completion
