// The two kinds of feed-forward block: one gated network, or a router and many.

#pragma once

#include "engine/backend.h"
#include "engine/models/binder.h"
#include "engine/models/scratch.h"

namespace fathom::engine {

/// Binds mlp.{gate,up,down}_proj or ffn_{gate,up,down}.
GatedFfnWeights bind_gated_ffn(Binder::Scope in, int64_t hidden, int64_t dim);

FfnScratch allocate_ffn_scratch(ScratchAllocator& memory, int64_t rows, int hidden, int dim);

/// Mixture of experts with shared experts, which every token passes (arXiv:2401.06066).
struct MoeWeights {
  const Weight* router = nullptr;       // [n_experts, dim]
  const Weight* router_bias = nullptr;  // [1, n_experts]; moves the choice, not the weights
  GatedFfnWeights experts;              // n_experts x [hidden, dim], [hidden, dim], [dim, hidden]
  GatedFfnWeights shared;               // all shared experts as one network
};

struct MoeScratch {
  static MoeScratch allocate(ScratchAllocator& memory, int max_batch, int dim, int hidden,
                             int shared_hidden, const RouterConfig& router);

  Tensor logits;       // [max_batch, n_experts]
  Tensor out;          // [max_batch, dim]
  Routes routes;       // [max_batch, n_active]
  FfnScratch experts;  // rows: max_batch * n_active
  FfnScratch shared;   // rows: max_batch
};

/// x [n, dim] = shared(x) + the chosen experts' sum.
void moe_feed_forward(Backend& backend, Tensor x, const MoeWeights& w, const RouterConfig& router,
                      const MoeScratch& scratch);

}  // namespace fathom::engine
