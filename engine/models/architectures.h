// What each architecture's file offers to the registry.

#pragma once

#include <memory>

#include "engine/model.h"

namespace fathom::engine {

/// Whether the configuration is one that the loader can do with. Errors: unsupported, corrupt.
using CheckConfig = Result<ConfigNotes>(const Checkpoint& checkpoint);
using LoadModel = Result<std::unique_ptr<Model>>(std::shared_ptr<const Checkpoint> checkpoint,
                                                 Backend& backend, const ModelOptions& options);

CheckConfig check_llama;
LoadModel load_llama;

CheckConfig check_qwen2;
LoadModel load_qwen2;

CheckConfig check_deepseek_moe;
LoadModel load_deepseek_moe;

/// Versions 2 and 3 share their name in GGUF: whether a file of that name is version 2.
bool is_deepseek_v2(const Checkpoint& checkpoint);
CheckConfig check_deepseek_v2;
LoadModel load_deepseek_v2;

CheckConfig check_deepseek_v3;
LoadModel load_deepseek_v3;

CheckConfig check_deepseek_v32;
LoadModel load_deepseek_v32;

CheckConfig check_deepseek_v4;
LoadModel load_deepseek_v4;

}  // namespace fathom::engine
