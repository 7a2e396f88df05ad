// What a process that serves editors works with.

#pragma once

#include "completion/config.h"
#include "editors/cli/model_options.h"
#include "engine/base/log.h"
#include "engine/base/result.h"
#include "lsp/services.h"

namespace fathom::cli {

/// No model is loaded yet. `log` must outlive what is made.
/// Errors: those of runtime_options().
Result<lsp::OwnServices> make_services(const ModelOptions& options,
                                       const completion::Config& config, Log& log);

}  // namespace fathom::cli
