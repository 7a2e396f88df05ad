// Findings that were there before and are not to be reported again.
//
// The file is JSON: {"version":1,"findings":[{"fingerprint":"...","path":"...","category":"..."}]}.
// A review that was written with `--format json` is one, too.
//
// Threads: any; functions.

#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "completion/review/finding.h"
#include "engine/base/result.h"

namespace fathom::completion {

/// The fingerprints of a baseline. `name`: the file's, for messages. Errors: corrupt.
Result<std::set<std::string>> read_baseline(std::string_view json, std::string_view name);

/// A baseline of the findings and of what `before`, a baseline or "", has besides. Sorted, a line
/// for each, so that changes of it can be reviewed. Errors: those of read_baseline().
Result<std::string> write_baseline(const std::vector<Finding>& findings, std::string_view before,
                                   std::string_view name);

}  // namespace fathom::completion
