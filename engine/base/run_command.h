// A shell command that a person gave, run to its end or to a limit.
//
// Threads: any.

#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "engine/base/cancel.h"
#include "engine/base/result.h"

namespace fathom {

struct CommandLimits {
  std::chrono::seconds time{300};
  CancelToken cancel;
};

/// Runs `command` by /bin/sh in `folder`, with nothing to read; what it prints takes the place of
/// what was in `output`. Gives its exit code, or minus the signal that ended it. Whatever it has
/// started and left running is killed with it.
///
/// Errors: io (it cannot be started), cancelled (also where its time was over; the message tells).
Result<int> run_command(const std::string& command, const std::filesystem::path& folder,
                        const std::filesystem::path& output, const CommandLimits& limits);

}  // namespace fathom
