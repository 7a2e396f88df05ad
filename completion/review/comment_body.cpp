#include "completion/review/comment_body.h"

#include <fmt/format.h>

#include "completion/review/markdown.h"
#include "completion/review/report_parts.h"

namespace fathom::completion {
namespace {

constexpr size_t kMaxMessageBytes = 4000;  // GitHub takes 65,536 characters, escapes included

}  // namespace

std::string comment_body(const Finding& finding, std::string_view suggestion_info) {
  std::string body = fmt::format("**{}** ({}): {}\n", severity_name(finding.severity),
                                 markdown_text(finding.category, 100),
                                 markdown_text(finding.message, kMaxMessageBytes));
  if (!suggestion_info.empty()) {
    body += fmt::format("\n{}\n\n_Verified: the suggestion {}._\n",
                        markdown_fence(suggestion_info, replacement_with_lf(*finding.suggestion)),
                        verified_in_words(*finding.suggestion));
  }
  return body + fmt::format("\n<!-- fathom:{} -->", finding.fingerprint);
}

}  // namespace fathom::completion
