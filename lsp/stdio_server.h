// The language server on standard input and output, for one editor: `fathom lsp --standalone`.

#pragma once

#include <functional>
#include <memory>
#include <string>

#include "completion/assistant.h"
#include "completion/config_watch.h"
#include "engine/base/log.h"
#include "engine/base/result.h"

namespace fathom::lsp {

/// Loads the model. Called once, on a thread of its own, while the editor is already answered.
/// The pointer may own more than the assistant: share a Runtime and alias its assistant.
using AssistantLoader = std::function<Result<std::shared_ptr<completion::Assistant>>()>;

struct StdioOptions {
  std::string version;                              // of fathom, told to the client
  completion::EffectiveConfig config;               // what the files say
  completion::ConfigWatch* config_watch = nullptr;  // null: the files do not change
  int input_fd = 0;                                 // pipe, socket, terminal or file
  int output_fd = 1;                                // nothing else may write to it
  int parent_poll_ms = 2000;  // how often to look whether the client's process still lives
};

/// Serves the client until it says `exit`, closes the input, stops reading, or dies. If `load`
/// fails the client is told why and the server stays, without suggestions.
///
/// Returns the exit code of the process: 0 if the client said `shutdown` first, else 1.
/// Waits for `load` and for the assistant's threads before it returns. Ignores SIGPIPE from here
/// on.
int run_stdio(AssistantLoader load, const StdioOptions& options, Log& log);

}  // namespace fathom::lsp
