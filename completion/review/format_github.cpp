// GitHub's workflow commands: annotations that need no permission.
//
// GitHub shows ten of each level a step; the worst come first, and one more line says how many
// there are beyond.

#include <algorithm>

#include <fmt/format.h>

#include "completion/review/report_format.h"
#include "completion/review/report_parts.h"
#include "completion/review/visible.h"

namespace fathom::completion {
namespace {

constexpr int kMaxOfALevel = 10;

/// What the runner decodes again (actions/toolkit, packages/core/src/command.ts).
std::string escaped_data(std::string_view text) {
  std::string result;
  for (const char c : visible_lines(text)) {
    if (c == '%')
      result += "%25";
    else if (c == '\n')
      result += "%0A";
    else
      result += c;
  }
  return result;
}

std::string escaped_property(std::string_view text) {
  std::string result;
  for (const char c : escaped_data(text)) {
    if (c == ':')
      result += "%3A";
    else if (c == ',')
      result += "%2C";
    else
      result += c;
  }
  return result;
}

const char* command(Severity severity) {
  if (severity == Severity::error) return "error";
  return severity == Severity::warning ? "warning" : "notice";
}

}  // namespace

std::string format_github(const ReviewReport& report, const ReportStyle&) {
  std::string out;
  int n_left_out = 0;
  for (const Severity severity : {Severity::error, Severity::warning, Severity::note}) {
    int n = 0;
    for (const Finding& finding : report.findings) {
      if (finding.severity != severity) continue;
      if (++n > kMaxOfALevel) {
        ++n_left_out;
        continue;
      }
      out += fmt::format("::{} file={},line={},endLine={},title={}::{}\n", command(severity),
                         escaped_property(finding.path), finding.lines.begin, finding.lines.end,
                         escaped_property("fathom: " + finding.category),
                         escaped_data(finding.message));
    }
  }
  const auto unread = std::ranges::count(report.unreviewed, false, &Unreviewed::is_expected);
  if (unread > 0)
    out += fmt::format("::warning title=fathom::The review is incomplete: {} not reviewed\n",
                       counted(static_cast<int>(unread), "part"));
  if (n_left_out > 0)
    out += fmt::format("::notice title=fathom::{} more in the summary\n",
                       counted(n_left_out, "finding"));
  return out;
}

}  // namespace fathom::completion
