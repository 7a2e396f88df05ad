// What each architecture's file offers to the registry.

#pragma once

#include <memory>

#include "engine/model.h"

namespace fathom::engine {

using LoadModel = Result<std::unique_ptr<Model>>(std::shared_ptr<const Checkpoint> checkpoint,
                                                 Backend& backend, const ModelOptions& options);

LoadModel load_llama;
LoadModel load_qwen2;
LoadModel load_deepseek_v3;

}  // namespace fathom::engine
