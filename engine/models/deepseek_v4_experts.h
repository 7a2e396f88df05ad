// DeepSeek-V4's feed-forward block: routed experts and shared ones, with clamped gates. In the
// first layers a table says which experts a token has, elsewhere the router chooses.
//
// Source: DeepSeek-V4's inference/model.py, classes Gate and MoE.

#pragma once

#include <vector>

#include "engine/backend.h"
#include "engine/models/binder.h"
#include "engine/models/experts.h"
#include "engine/models/layer_probe.h"
#include "engine/models/scratch.h"

namespace fathom::engine {

struct V4ExpertsConfig {
  int dim = 0;
  int hidden = 0;         // of one routed expert
  int shared_hidden = 0;  // of all shared experts together
  int n_table_layers = 0;
  RouterConfig router;
};

/// What may differ from layer to layer.
struct V4ExpertsLayer {
  bool has_table = false;
  float limit = kNoLimit;
  float shared_limit = kNoLimit;
};

struct V4ExpertsWeights {
  const Weight* router = nullptr;       // [n_experts, dim]
  const Weight* router_bias = nullptr;  // [1, n_experts]; null if there is a table
  std::vector<int32_t> table;           // [vocab, n_active]: the experts of a token, or empty
  ExpertsWeights experts;
};

V4ExpertsWeights bind_v4_experts(Binder::Scope in, const V4ExpertsConfig& config, int vocab,
                                 const V4ExpertsLayer& layer);

struct V4ExpertsScratch {
  static V4ExpertsScratch allocate(ScratchAllocator& memory, int max_batch,
                                   const V4ExpertsConfig& config);

  Tensor logits;                // [max_batch, n_experts]
  Routes routes;                // [max_batch, n_active]
  std::vector<int32_t> listed;  // [max_batch, n_active]: of the table
  ExpertsScratch experts;
};

/// Replaces x [n, dim] by shared(x) + the sum of the experts of `tokens` [n], or by the rank's part
/// of it.
void v4_experts(Backend& backend, Tensor x, std::span<const TokenId> tokens,
                const V4ExpertsWeights& w, const V4ExpertsConfig& config, V4ExpertsScratch& scratch,
                LayerProbe probe);

}  // namespace fathom::engine
