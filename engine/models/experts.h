// Binds the weights of Backend::experts_ffn().
//
// Of a model that ranks share each rank has some of the routed experts and some of the hidden
// numbers of the shared ones: the ranks' results add up to the block's.

#pragma once

#include "engine/backend.h"
#include "engine/models/binder.h"
#include "engine/models/gated_network.h"
#include "engine/models/scratch.h"

namespace fathom::engine {

struct ExpertsConfig {
  int n_experts = 0;
  int n_active = 0;
  int dim = 0;
  int hidden = 0;         // of one routed expert
  int shared_hidden = 0;  // of all shared experts together
};

struct ExpertsNames {
  TensorName gate, up, down;  // see Binder::Scope::experts
  TensorName gate_and_up;     // where a file has both in one
  GatedNetworkNames shared;
};

ExpertsWeights bind_experts(Binder::Scope in, const ExpertsConfig& config,
                            const ExpertsNames& names);

/// For max_batch rows. What a rank has no weights for stays zero.
ExpertsScratch allocate_experts(ScratchAllocator& memory, int max_batch,
                                const ExpertsConfig& config);

}  // namespace fathom::engine
