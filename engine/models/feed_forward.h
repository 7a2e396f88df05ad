// The two kinds of feed-forward block: one gated network, or a router and many.

#pragma once

#include "engine/backend.h"
#include "engine/models/binder.h"
#include "engine/models/experts.h"
#include "engine/models/feed_forward_config.h"
#include "engine/models/layer_probe.h"
#include "engine/models/scratch.h"

namespace fathom::engine {

struct MoeWeights {
  const Weight* router = nullptr;       // [n_experts, dim]
  const Weight* router_bias = nullptr;  // [1, n_experts]?; moves the choice, not the weights
  ExpertsWeights experts;
};

/// The block of one layer: `dense` or `moe`.
struct FeedForwardWeights {
  bool has_experts = false;
  bool is_partial = false;  // what it computes is the rank's part of a sum
  GatedFfnWeights dense;
  MoeWeights moe;
};

/// Binds the network of a layer that has experts or not. A router of sigmoid scores has a bias.
FeedForwardWeights bind_feed_forward(Binder::Scope in, const FeedForwardConfig& config,
                                     bool has_experts);

struct MoeScratch {
  Tensor logits;  // [max_batch, n_experts]
  Routes routes;  // [max_batch, n_active]
  ExpertsScratch experts;
};

struct FeedForwardScratch {
  static FeedForwardScratch allocate(ScratchAllocator& memory, int max_batch,
                                     const FeedForwardConfig& config);

  FfnScratch dense;
  MoeScratch moe;  // only if the model has experts
};

/// Replaces x [n, dim] by the block's result, or by the rank's part of it.
void feed_forward(Backend& backend, Tensor x, const FeedForwardWeights& w,
                  const RouterConfig& router, const FeedForwardScratch& scratch, LayerProbe probe);

}  // namespace fathom::engine
