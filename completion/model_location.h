// Which model a person means: a path, the built-in one, or one that was pulled.
//
//   ""  "nano"  "fathom-nano"  "builtin"     the built-in model
//   an existing file or folder               that GGUF file or Hugging Face folder
//   any other name                           $XDG_DATA_HOME/fathom/models/NAME or NAME.gguf
//
// Threads: any.

#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"

namespace fathom::completion {

struct ModelLocation {
  bool embedded = false;       // in this binary
  std::filesystem::path path;  // empty if embedded
  std::string description;     // for people: the path, or "built into this program"
};

/// Errors: not_found; the message says where it was looked for and what would help.
Result<ModelLocation> locate_model(std::string_view model);

/// Locates and opens. Errors: those of locate_model and Checkpoint::open.
Result<std::shared_ptr<const engine::Checkpoint>> open_model(std::string_view model);

}  // namespace fathom::completion
