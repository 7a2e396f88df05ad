#include "completion/review/report_format.h"

#include <algorithm>

namespace fathom::completion {
namespace {

constexpr ReportFormat kFormats[] = {
    {"text", "for people, with the source", format_text},
    {"json", "everything, as docs/review.schema.json says; `fathom report` reads it", format_json},
    {"sarif", "SARIF 2.1.0, for code scanning", format_sarif},
    {"rdjsonl", "for reviewdog", format_rdjsonl},
    {"github", "workflow commands: annotations without any permission", format_github},
    {"github-review", "the body of a review with suggestions, for GitHub's API",
     format_github_review},
    {"gitlab", "a Code Quality report", format_gitlab},
    {"gitlab-notes", "discussions with suggestions, for GitLab's API", format_gitlab_notes},
    {"junit", "a test case for each file", format_junit},
    {"markdown", "a summary of the run", format_markdown},
};

}  // namespace

std::span<const ReportFormat> report_formats() { return kFormats; }

const ReportFormat* find_report_format(std::string_view name) {
  const auto* const found =
      std::ranges::find_if(kFormats, [&](const ReportFormat& f) { return name == f.name; });
  return found == std::end(kFormats) ? nullptr : found;
}

}  // namespace fathom::completion
