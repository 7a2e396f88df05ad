// Routed experts beside shared ones, which every token passes: what all of DeepSeek's generations
// compute once the experts are chosen. Source: DeepSeekMoE, arXiv:2401.06066.
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

/// Weights are null where a rank has none.
struct ExpertsWeights {
  GatedFfnWeights routed;  // the rank's experts x [hidden, dim], [hidden, dim], [dim, hidden]
  GatedFfnWeights shared;  // all shared experts as one network
};

ExpertsWeights bind_experts(Binder::Scope in, const ExpertsConfig& config,
                            const ExpertsNames& names);

struct ExpertsScratch {
  static ExpertsScratch allocate(ScratchAllocator& memory, int max_batch,
                                 const ExpertsConfig& config);

  FfnScratch routed;              // rows: max_batch * n_active
  FfnScratch shared;              // rows: max_batch
  Tensor routed_out, shared_out;  // [max_batch, dim]; stay zero if the rank has no such weights
};

/// Replaces x [n, dim] by the sum of its experts, or by the rank's part of that sum.
void run_experts(Backend& backend, Tensor x, Routes routes, const ExpertsWeights& w,
                 const ExpertsScratch& scratch);

}  // namespace fathom::engine
