// The language server on standard input and output, for one editor: `fathom lsp --standalone`.

#pragma once

#include <string>

#include "completion/config.h"
#include "engine/base/log.h"
#include "lsp/services.h"
#include "lsp/transport_stdio.h"

namespace fathom::lsp {

struct StdioOptions {
  std::string version;                 // of fathom, told to the client
  completion::EffectiveConfig config;  // what the files say
  StdioDescriptors stdio;
};

/// Serves the client until it says `exit`, closes the input, stops reading, or dies. If the model
/// cannot be loaded the client is told why and the server stays, without suggestions.
///
/// Returns the exit code of the process: 0 if the client said `shutdown` first, else 1.
/// Ignores SIGPIPE from here on.
int run_stdio(const StdioOptions& options, Services& services, Log& log);

}  // namespace fathom::lsp
