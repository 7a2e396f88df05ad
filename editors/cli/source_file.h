#pragma once

#include <string>

#include "completion/snapshot.h"
#include "engine/base/result.h"

namespace fathom::cli {

/// Most bytes of a source file that the commands read.
inline constexpr size_t kMaxSourceBytes = size_t{64} << 20;

/// All of standard input. Errors: io, unsupported (more than `max_bytes`).
Result<std::string> read_stdin(size_t max_bytes);

/// The document as an editor would show it to the assistant. `file` need not exist.
completion::SnapshotPtr make_snapshot(const std::string& file, std::string text);

}  // namespace fathom::cli
