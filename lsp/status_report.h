// What this process is doing, as one JSON object: the answer to `fathom/status` and what
// `fathom status --json` prints. docs/lsp-extensions.md has the members.
//
// Main thread only; waits for nothing.

#pragma once

#include <string>

#include "lsp/json.h"
#include "lsp/services.h"

namespace fathom::lsp {

Json status_report(const Services& services, const std::string& version);

}  // namespace fathom::lsp
