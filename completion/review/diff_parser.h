// Reads unified diffs, as git and diff -u write them.
//
// The text may come from anybody. Hunks are as long as their headers say, so what looks like a
// header inside one is a line of it.
//
// Threads: any; a function.

#pragma once

#include <string_view>
#include <vector>

#include "completion/review/diff.h"
#include "engine/base/result.h"

namespace fathom::completion {

/// The files of a diff in its order; none if there is no diff in `text`. What stands between files
/// (mail headers, signatures) is passed over.
///
/// Errors: invalid_argument  a hunk that is shorter than its header says, hunks in no order, or a
///                           path that leads out of the repository; names the line
///         unsupported       the combined diff of a merge
Result<std::vector<FileDiff>> parse_diff(std::string_view text);

/// Whether `text`, a whole file, has the lines of the diff's new side where the diff says.
bool fits_new_side(const FileDiff& diff, std::string_view text);

}  // namespace fathom::completion
