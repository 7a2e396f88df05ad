// A summary of the run, for $GITHUB_STEP_SUMMARY and the like.

#include <fmt/format.h>

#include "completion/review/markdown.h"
#include "completion/review/report_format.h"
#include "completion/review/report_parts.h"

namespace fathom::completion {
namespace {

constexpr size_t kMaxBytes = 900'000;  // GitHub takes 1 MiB a step
constexpr size_t kMaxMessageBytes = 4000;

}  // namespace

std::string format_markdown(const ReviewReport& report, const ReportStyle& style) {
  std::string out = fmt::format("## fathom review\n\n{} in {} of {}.\n", findings_in_words(report),
                                counted(report.n_hunks, "hunk"),
                                counted(static_cast<int>(report.files.size()), "file"));
  if (!report.is_complete()) out += "\n**The review is incomplete.**\n";

  std::string items;
  const auto add = [&](std::string_view item) {
    if (out.size() + items.size() + item.size() > kMaxBytes) return false;
    items += item;
    return true;
  };
  int n_left_out = 0;
  for (const Finding& finding : report.findings) {
    std::string item = fmt::format("- **{}** ({}) {}: {}\n", severity_name(finding.severity),
                                   markdown_text(finding.category, 100),
                                   markdown_code(place_in_words(finding.path, finding.lines)),
                                   markdown_text(finding.message, kMaxMessageBytes));
    n_left_out += !add(item);
  }
  for (const Unreviewed& part : report.unreviewed)
    n_left_out += !add(fmt::format("- not reviewed: {}: {}\n",
                                   markdown_code(place_in_words(part.path, part.lines)),
                                   markdown_text(part.reason, kMaxMessageBytes)));
  if (!items.empty()) out += "\n" + items;
  if (n_left_out > 0) out += fmt::format("\n{} more in the report.\n", n_left_out);
  if (const std::string rejected = rejected_in_words(report.rejected); !rejected.empty())
    out += fmt::format("\nNot shown: {}.\n", rejected);
  return out + fmt::format("\nfathom {}, {}\n", style.version, markdown_code(report.model));
}

}  // namespace fathom::completion
