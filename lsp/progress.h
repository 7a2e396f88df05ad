// Work-done progress (LSP 3.15) on one token: begin, any number of reports, end. Main thread only.

#pragma once

#include <string_view>

#include "lsp/json.h"
#include "lsp/json_rpc.h"
#include "lsp/router.h"

namespace fathom::lsp {

/// `value`: the members but "kind", which is added; of report_progress(), too.
void begin_progress(Router& router, const RequestId& token, const Json& value);
void report_progress(Router& router, const RequestId& token, const Json& value);
/// An empty message is left out.
void end_progress(Router& router, const RequestId& token, std::string_view message);

}  // namespace fathom::lsp
