// Findings that somebody has said do not matter, in the code itself.
//
// Threads: any; a function.

#pragma once

#include <string_view>

#include "completion/review/changed_file.h"
#include "completion/review/finding.h"

namespace fathom::completion {

/// Whether a comment on one of the finding's lines, or on the line above, says "fathom:allow", or
/// "fathom:allow(bug, secret)" with the finding's category.
bool is_allowed_inline(const ChangedFile& file, const Finding& finding);

}  // namespace fathom::completion
