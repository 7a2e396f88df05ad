// The status of the daemon as a person reads it.
//
// Threads: any; a function.

#pragma once

#include <string>

#include "editors/cli/output.h"

namespace fathom::cli {

/// `status`: the answer to `fathom/status`, also of an older daemon: what it does not have is left
/// out. May hold what drives a terminal: see printable().
std::string status_text(const Json& status);

}  // namespace fathom::cli
