// One *.safetensors file. Format: github.com/huggingface/safetensors, README.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"

namespace fathom::engine {

/// The tensors of the file whose bytes are `file`; they point into it. `source` is for messages.
/// Errors: corrupt, unsupported (more tensors or dimensions than fathom reads).
Result<std::vector<TensorInfo>> read_safetensors(std::span<const std::byte> file,
                                                 const std::string& source);

}  // namespace fathom::engine
