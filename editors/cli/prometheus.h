// The status of the daemon in Prometheus' text format, version 0.0.4.
//
// Threads: any; a function.

#pragma once

#include <string>

#include "editors/cli/output.h"

namespace fathom::cli {

/// `status`: the answer to `fathom/status`. What it does not have is left out.
std::string prometheus_text(const Json& status);

}  // namespace fathom::cli
