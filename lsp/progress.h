// Work-done progress (LSP 3.15) on one token: begin, any number of reports, end. Main thread only.

#pragma once

#include <string_view>

#include "lsp/json.h"
#include "lsp/json_rpc.h"
#include "lsp/router.h"

namespace fathom::lsp {

void begin_progress(Router& router, const RequestId& token, std::string_view title,
                    bool cancellable);
/// `value` is the report's own members; "kind" is added.
void report_progress(Router& router, const RequestId& token, const Json& value);
/// An empty message is left out.
void end_progress(Router& router, const RequestId& token, std::string_view message);

}  // namespace fathom::lsp
