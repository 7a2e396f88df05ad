// The shapes of real models, as checkpoints without weights.

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"

namespace fathom::engine {

/// A Hugging Face checkpoint whose tensors have names and shapes but no bytes.
/// Errors: invalid_argument (an unknown name; the message lists those there are).
Result<std::shared_ptr<const Checkpoint>> make_shape(std::string_view name);

}  // namespace fathom::engine
