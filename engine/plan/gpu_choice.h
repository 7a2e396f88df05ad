// Which of several GPUs a model takes, by the memory that is free on each.
//
// Threads: any.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/model.h"
#include "engine/plan/model_parts.h"

namespace fathom::engine {

/// What is asked: bytes of each GPU that a model may take, and the tokens of its KV cache.
struct GpuRoom {
  std::span<const uint64_t> free_bytes;
  int context_tokens = 0;
};

/// The first GPU that has room for all of it.
std::optional<int> gpu_for(const ModelParts& model, const GpuRoom& room);

/// The fewest GPUs that can share each layer (engine/parallel/sharded_model.h), those with the most
/// room; ascending. Empty: that cannot be done, or has no room.
std::vector<int> gpus_to_share(const ModelParts& model, const GpuRoom& room);

/// A GPU and its layers.
struct GpuLayers {
  int gpu = 0;
  LayerRange layers;
};
/// The fewest GPUs that can have some of the layers each (engine/parallel/pipeline_model.h), those
/// with the most room first. Empty: there is no room.
std::vector<GpuLayers> gpus_in_turns(const ModelParts& model, const GpuRoom& room);

}  // namespace fathom::engine
