// A folder as the Hugging Face hub has it: config.json, and weights in *.safetensors.

#pragma once

#include <filesystem>
#include <memory>

#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"

namespace fathom::engine {

/// Weights are in model.safetensors, or in the shards that model.safetensors.index.json lists.
/// Errors: not_found, io, corrupt, unsupported.
Result<std::shared_ptr<const Checkpoint>> open_hugging_face(const std::filesystem::path& folder);

}  // namespace fathom::engine
