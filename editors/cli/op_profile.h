// Where the time of one prefill chunk and of one decode step goes, operation by operation.

#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/timing_backend.h"

namespace fathom::cli {

struct OpProfile {
  std::vector<engine::OpTime> prefill;  // most expensive first
  std::vector<engine::OpTime> decode;
};

/// Loads the model a second time, outside the engine, computes `prompt` and then `n_decode` more
/// tokens one by one. Errors: those of make_backend, load_model and Model::forward.
Result<OpProfile> profile_ops(std::shared_ptr<const engine::Checkpoint> checkpoint,
                              const std::string& backend, int n_threads, engine::DType cache_type,
                              std::span<const engine::TokenId> prompt, int n_decode);

}  // namespace fathom::cli
