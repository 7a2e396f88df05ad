// The body of a comment on a finding, as GitHub and GitLab render it.

#pragma once

#include <string>
#include <string_view>

#include "completion/review/finding.h"

namespace fathom::completion {

/// Severity, category and message as text without effects, the suggestion in a block that the host
/// offers to apply if `suggestion_info` ("suggestion", "suggestion:-1+0") is not empty, what was
/// verified, and the fingerprint in a hidden mark: "<!-- fathom:FINGERPRINT -->" is how a later run
/// knows its own comments. No line of it begins with a word of the model's.
std::string comment_body(const Finding& finding, std::string_view suggestion_info);

}  // namespace fathom::completion
