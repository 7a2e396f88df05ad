// The model that comes with fathom (models/nano/): inside the binary, or a file beside it.
//
// Threads: any.

#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>

namespace fathom::completion {

/// The built-in GGUF as it lies in this binary; empty if built with FATHOM_EMBED_MODEL=OFF.
std::span<const std::byte> embedded_model();

/// The built-in GGUF as a file: ../share/fathom/models/nano/ as seen from the executable, or the
/// source tree for a binary that runs in its build tree. Nothing if there is none.
std::optional<std::filesystem::path> builtin_model_file();

}  // namespace fathom::completion
