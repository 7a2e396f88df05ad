// GGUF, versions 2 and 3, little-endian. Format: ggml's docs/gguf.md.

#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "engine/base/mapped_file.h"
#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"

namespace fathom::engine {

/// Reads the header in `bytes`; tensors point into them. `owner` is the file that holds `bytes`;
/// without one they outlive the checkpoint. `source` is for messages.
/// Errors: corrupt, unsupported.
Result<std::shared_ptr<const Checkpoint>> open_gguf(std::span<const std::byte> bytes,
                                                    std::string source,
                                                    std::optional<MappedFile> owner);

}  // namespace fathom::engine
