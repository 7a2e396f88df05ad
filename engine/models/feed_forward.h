// The two kinds of feed-forward block: one gated network, or a router and many.

#pragma once

#include "engine/backend.h"
#include "engine/models/binder.h"
#include "engine/models/feed_forward_config.h"
#include "engine/models/layer_probe.h"
#include "engine/models/scratch.h"

namespace fathom::engine {

/// Mixture of experts with shared experts, which every token passes (arXiv:2401.06066).
struct MoeWeights {
  const Weight* router = nullptr;       // [n_experts, dim]
  const Weight* router_bias = nullptr;  // [1, n_experts]?; moves the choice, not the weights
  GatedFfnWeights experts;              // n_experts x [hidden, dim], [hidden, dim], [dim, hidden]
  GatedFfnWeights shared;               // all shared experts as one network
};

/// The block of one layer: `dense` or `moe`.
struct FeedForwardWeights {
  bool has_experts = false;
  GatedFfnWeights dense;
  MoeWeights moe;
};

/// Binds the network of a layer that has experts or not. A router of sigmoid scores has a bias.
FeedForwardWeights bind_feed_forward(Binder::Scope in, const FeedForwardConfig& config,
                                     bool has_experts);

struct MoeScratch {
  Tensor logits;       // [max_batch, n_experts]
  Tensor out;          // [max_batch, dim]
  Routes routes;       // [max_batch, n_active]
  FfnScratch experts;  // rows: max_batch * n_active
  FfnScratch shared;   // rows: max_batch
};

struct FeedForwardScratch {
  static FeedForwardScratch allocate(ScratchAllocator& memory, int max_batch,
                                     const FeedForwardConfig& config);

  FfnScratch dense;
  MoeScratch moe;  // only if the model has experts
};

/// Replaces x [n, dim] by the block's result.
void feed_forward(Backend& backend, Tensor x, const FeedForwardWeights& w,
                  const RouterConfig& router, const FeedForwardScratch& scratch, LayerProbe probe);

}  // namespace fathom::engine
