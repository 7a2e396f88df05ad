// The language server on standard input and output, for one editor: `fathom lsp --standalone`.

#pragma once

#include <string>

#include "completion/acceptance.h"
#include "completion/config_watch.h"
#include "completion/counters.h"
#include "completion/model_host.h"
#include "completion/workspaces.h"
#include "engine/base/log.h"

namespace fathom::lsp {

struct StdioOptions {
  std::string version;                              // of fathom, told to the client
  completion::EffectiveConfig config;               // what the files say
  completion::ConfigWatch* config_watch = nullptr;  // null: the files do not change
  completion::Workspaces* workspaces = nullptr;     // as SessionOptions::workspaces
  completion::Acceptance* acceptance = nullptr;     // null: suggestions are not counted
  const completion::Counters* counters = nullptr;   // as Services::counters; must outlive it
  int input_fd = 0;                                 // pipe, socket, terminal or file
  int output_fd = 1;                                // nothing else may write to it
  int parent_poll_ms = 2000;  // how often to look whether the client's process still lives
};

/// Serves the client until it says `exit`, closes the input, stops reading, or dies. If the model
/// cannot be loaded the client is told why and the server stays, without suggestions.
///
/// Returns the exit code of the process: 0 if the client said `shutdown` first, else 1.
/// Ignores SIGPIPE from here on.
int run_stdio(const StdioOptions& options, completion::ModelHost& models, Log& log);

}  // namespace fathom::lsp
