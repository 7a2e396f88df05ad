// `fathom lsp`: an editor on standard input and output, a daemon that does the work, and the door
// between them.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "completion/config.h"
#include "engine/base/log.h"
#include "engine/base/result.h"
#include "lsp/daemon_link.h"
#include "lsp/services.h"
#include "lsp/transport_stdio.h"

namespace fathom::lsp {

struct DoorOptions {
  std::string version;                 // of fathom; a daemon of another one is not joined
  int64_t process_id = 0;              // of this process
  completion::EffectiveConfig config;  // what the files say, for a session in this process
  DaemonLink::Options daemon;
  /// What the user asked of the engine, in the words of the command line; empty: nothing.
  std::vector<std::string> engine_arguments;
  StdioDescriptors stdio;
  std::chrono::milliseconds greeting_time{15'000};  // for the daemon to answer initialize
};

/// For a session in this process; called at most once, where no daemon can be used.
using MakeServices = std::function<Result<OwnServices>()>;

/// Serves the editor until it says `exit`, closes the input, stops reading, or dies; the daemon
/// stays. Without a daemon (it cannot be started, dies again and again, does not answer, or is of
/// another version) it goes on by itself, and the user is told why and what to do.
///
/// Returns the exit code of the process: 0 if the editor said `shutdown` first, else 1.
/// Ignores SIGPIPE from here on.
int run_door(const DoorOptions& options, const MakeServices& make_services, Log& log);

}  // namespace fathom::lsp
