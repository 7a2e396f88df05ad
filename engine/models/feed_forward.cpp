#include "engine/models/feed_forward.h"

namespace fathom::engine {

GatedFfnWeights bind_gated_ffn(Binder::Scope in, int64_t hidden, int64_t dim) {
  return {.gate = in.matrix({"mlp.gate_proj.weight", "ffn_gate.weight"}, hidden, dim),
          .up = in.matrix({"mlp.up_proj.weight", "ffn_up.weight"}, hidden, dim),
          .down = in.matrix({"mlp.down_proj.weight", "ffn_down.weight"}, dim, hidden)};
}

FfnScratch allocate_ffn_scratch(ScratchAllocator& memory, int64_t rows, int hidden, int dim) {
  return {.gate = memory.tensor(rows, hidden),
          .up = memory.tensor(rows, hidden),
          .out = memory.tensor(rows, dim)};
}

MoeScratch MoeScratch::allocate(ScratchAllocator& memory, int max_batch, int dim, int hidden,
                                int shared_hidden, const RouterConfig& router) {
  const int64_t routed_rows = int64_t{max_batch} * router.n_active;
  return {.logits = memory.tensor(max_batch, router.n_experts),
          .out = memory.tensor(max_batch, dim),
          .routes = memory.routes(max_batch, router.n_active),
          .experts = allocate_ffn_scratch(memory, routed_rows, hidden, dim),
          .shared = allocate_ffn_scratch(memory, max_batch, shared_hidden, dim)};
}

void moe_feed_forward(Backend& backend, Tensor x, const MoeWeights& w, const RouterConfig& router,
                      const MoeScratch& scratch) {
  const Tensor logits = scratch.logits.first_rows(x.rows);
  const Tensor routed = scratch.out.first_rows(x.rows);
  backend.matmul(logits, x, *w.router);
  backend.route(scratch.routes, logits, w.router_bias, router);
  backend.moe_ffn(routed, x, scratch.routes, w.experts, scratch.experts);
  backend.gated_ffn(x, x, w.shared, scratch.shared);
  backend.add(x, x, routed);
}

}  // namespace fathom::engine
