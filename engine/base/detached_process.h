// A process that lives on when the one that started it ends.
//
// Threads: any.

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace fathom {

/// Starts `program` with `arguments` (without its name) in a session of its own and in the folder
/// "/", so that neither a terminal that closes nor a disk that is unmounted concerns it. It reads
/// nothing; what it prints takes the place of what was in `output`, a file for this user alone; "":
/// it is lost.
/// The environment is this process's. Gives its process id.
///
/// Errors: io (it cannot be started, or `output` cannot be opened).
Result<int64_t> start_detached(const std::filesystem::path& program,
                               const std::vector<std::string>& arguments,
                               const std::filesystem::path& output);

/// Nothing while a process that this one has started runs; then, once, how it ended: its exit code,
/// or minus the signal that killed it. It is a zombie until then.
std::optional<int> take_exit_code(int64_t pid);

}  // namespace fathom
