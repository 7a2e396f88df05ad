// A model on one machine: on its processor, on its GPU, or on both. Then the GPU has what every
// token passes and as many layers' routed experts as fit; the others' stay with the processor,
// where a token needs few of them.
//
// Threads: any.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/plan/gpu_table.h"
#include "engine/plan/model_parts.h"
#include "engine/plan/step_time.h"

namespace fathom::engine {

struct Machine {
  int64_t memory_bytes = 0;  // that is free
  std::optional<Gpu> gpu;
};

enum class Place { processor, gpu, both };

struct Placement {
  Place place = Place::processor;
  int64_t gpu_bytes = 0;
  int64_t memory_bytes = 0;
  bool fits = false;
  DecodeTime decode;
  std::optional<double> prompt_s;  // nothing where the processor computes: it must be measured

  // Layers whose attention and dense networks are on the GPU; layers with experts there; of the
  // experts' bytes, the part that is not.
  int layers_on_gpu = 0;
  int expert_layers_on_gpu = 0;
  double experts_in_memory = 0;
};

/// The processor alone, then the GPU if there is one, then both if the GPU alone is too small.
std::vector<Placement> plan_machine(const ModelParts& model, const Machine& machine,
                                    int context_tokens);

}  // namespace fathom::engine
