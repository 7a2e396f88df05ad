// Reads what `--format json` wrote. The text may come from a stranger: in CI the job that reviews a
// fork's change is the fork's own, and another one posts what it found.
//
// Pure function; any thread.

#pragma once

#include <string_view>

#include "completion/review/finding.h"
#include "engine/base/result.h"

namespace fathom::completion {

/// The report, without the texts of files and of the diff's lines; which lines of a hunk were added
/// is known. Takes only what docs/review.schema.json allows; besides, paths stay inside the
/// repository, ranges are not reversed, and "complete" says what "unreviewed" says.
/// Errors: corrupt (says where).
Result<ReviewReport> read_report(std::string_view json);

}  // namespace fathom::completion
