// GGUF, versions 2 and 3, little-endian. Format: ggml's docs/gguf.md.

#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "engine/base/result.h"
#include "engine/checkpoint/builder.h"
#include "engine/checkpoint/checkpoint.h"

namespace fathom::engine {

/// Reads the header in `bytes`; tensors point into them. `architecture` stays empty where the file
/// does not say, as the later parts of a split model do not. `source` is for messages.
/// Errors: corrupt, unsupported.
Result<CheckpointParts> read_gguf(std::span<const std::byte> bytes, const std::string& source);

/// A whole model in memory that outlives the checkpoint.
/// Errors: those of read_gguf; corrupt (no architecture), unsupported (a part of a split model).
Result<std::shared_ptr<const Checkpoint>> open_gguf(std::span<const std::byte> bytes,
                                                    std::string source);

/// A file, or any part of a model that is split into files NAME-00001-of-00003.gguf, ...: all of
/// them are opened. Errors: not_found (a part is missing; the message names it), io, corrupt,
/// unsupported.
Result<std::shared_ptr<const Checkpoint>> open_gguf_file(const std::filesystem::path& path);

}  // namespace fathom::engine
