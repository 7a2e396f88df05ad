// The documents that a review can be written as: one row each, one source file each.
//
// Each is a function of the report alone: the same report gives the same bytes. Whatever bytes a
// diff holds, the document is valid: paths that are not UTF-8 are percent-encoded where the format
// knows URIs, other bytes become U+FFFD. A suggestion that is not UTF-8 is in none of them but
// `text`; `fathom patch` has it.
//
// Pure functions; any thread.

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "completion/review/finding.h"

namespace fathom::completion {

struct ReportStyle {
  std::string_view version;  // fathom's
  bool colour = false;       // of `text`: a terminal reads it
};

struct ReportFormat {
  const char* name;
  const char* summary;  // for --help
  std::string (*write)(const ReviewReport& report, const ReportStyle& style);
};

std::span<const ReportFormat> report_formats();
/// Null if there is none of that name.
const ReportFormat* find_report_format(std::string_view name);

// The rows. Sources of the formats are named in their files.
std::string format_text(const ReviewReport& report, const ReportStyle& style);
std::string format_json(const ReviewReport& report, const ReportStyle& style);
std::string format_sarif(const ReviewReport& report, const ReportStyle& style);
std::string format_rdjsonl(const ReviewReport& report, const ReportStyle& style);
std::string format_github(const ReviewReport& report, const ReportStyle& style);
std::string format_github_review(const ReviewReport& report, const ReportStyle& style);
std::string format_gitlab(const ReviewReport& report, const ReportStyle& style);
std::string format_gitlab_notes(const ReviewReport& report, const ReportStyle& style);
std::string format_junit(const ReviewReport& report, const ReportStyle& style);
std::string format_markdown(const ReviewReport& report, const ReportStyle& style);

}  // namespace fathom::completion
