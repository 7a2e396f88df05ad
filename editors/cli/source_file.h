#pragma once

#include <string>

#include "completion/snapshot.h"
#include "engine/base/result.h"

namespace fathom::cli {

/// Most bytes of a source file that the commands read.
inline constexpr size_t kMaxSourceBytes = size_t{64} << 20;

/// All of standard input. Errors: io, unsupported (more than `max_bytes`).
Result<std::string> read_stdin(size_t max_bytes);

/// The document as an editor would show it to the assistant. `file` need not exist. Its path is
/// relative to `root`, if that is not "", else to the current folder; its name alone from
/// elsewhere.
completion::SnapshotPtr make_snapshot(const std::string& file, std::string text,
                                      const std::string& root = "");

/// The folder of the project that holds `file`: the nearest one with a .git or a .fathom.toml; ""
/// if there is none.
std::string project_root(const std::string& file);

}  // namespace fathom::cli
