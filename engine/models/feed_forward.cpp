#include "engine/models/feed_forward.h"

namespace fathom::engine {
namespace {

FfnScratch allocate_ffn_scratch(ScratchAllocator& memory, int64_t rows, int hidden, int dim) {
  return {.gate = memory.tensor(rows, hidden),
          .up = memory.tensor(rows, hidden),
          .out = memory.tensor(rows, dim)};
}

constexpr TensorName kGateAndUp = {"", "ffn_gate_up_exps.weight"};

GatedFfnWeights bind_experts(Binder::Scope in, int64_t n, int64_t hidden, int64_t dim) {
  GatedFfnWeights w;
  if (in.has(kGateAndUp)) {
    std::tie(w.gate, w.up) = in.expert_pairs(kGateAndUp, n, hidden, dim);
  } else {
    w.gate = in.experts({"mlp.experts.*.gate_proj.weight", "ffn_gate_exps.weight"}, n, hidden, dim);
    w.up = in.experts({"mlp.experts.*.up_proj.weight", "ffn_up_exps.weight"}, n, hidden, dim);
  }
  w.down = in.experts({"mlp.experts.*.down_proj.weight", "ffn_down_exps.weight"}, n, dim, hidden);
  return w;
}

MoeWeights bind_moe(Binder::Scope in, const FeedForwardConfig& c) {
  const int64_t n = c.router.n_experts, shared = c.shared_hidden;
  MoeWeights w;
  w.router = in.matrix({"mlp.gate.weight", "ffn_gate_inp.weight"}, n, c.dim);
  if (c.router.score == RouterScore::sigmoid)
    w.router_bias = in.vector({"mlp.gate.e_score_correction_bias", "exp_probs_b.bias"}, n);
  w.experts = bind_experts(in, n, c.expert_hidden, c.dim);
  w.shared = {
      .gate = in.matrix({"mlp.shared_experts.gate_proj.weight", "ffn_gate_shexp.weight"}, shared,
                        c.dim),
      .up = in.matrix({"mlp.shared_experts.up_proj.weight", "ffn_up_shexp.weight"}, shared, c.dim),
      .down = in.matrix({"mlp.shared_experts.down_proj.weight", "ffn_down_shexp.weight"}, c.dim,
                        shared)};
  return w;
}

void moe_feed_forward(Backend& backend, Tensor x, const MoeWeights& w, const RouterConfig& router,
                      const MoeScratch& scratch, LayerProbe probe) {
  const Tensor logits = scratch.logits.first_rows(x.rows);
  const Tensor routed = scratch.out.first_rows(x.rows);
  backend.matmul(logits, x, *w.router);
  backend.route(scratch.routes, logits, w.router_bias, router);
  probe.see_routes(scratch.routes, x.rows);
  backend.moe_ffn(routed, x, scratch.routes, w.experts, scratch.experts);
  backend.gated_ffn(x, x, w.shared, scratch.shared);
  backend.add(x, x, routed);
}

}  // namespace

FeedForwardWeights bind_feed_forward(Binder::Scope in, const FeedForwardConfig& c,
                                     bool has_experts) {
  if (has_experts) return {.has_experts = true, .dense = {}, .moe = bind_moe(in, c)};
  return {.has_experts = false,
          .dense = {.gate = in.matrix({"mlp.gate_proj.weight", "ffn_gate.weight"}, c.dense_hidden,
                                      c.dim),
                    .up = in.matrix({"mlp.up_proj.weight", "ffn_up.weight"}, c.dense_hidden, c.dim),
                    .down = in.matrix({"mlp.down_proj.weight", "ffn_down.weight"}, c.dim,
                                      c.dense_hidden)},
          .moe = {}};
}

FeedForwardScratch FeedForwardScratch::allocate(ScratchAllocator& memory, int max_batch,
                                                const FeedForwardConfig& c) {
  FeedForwardScratch s;
  s.dense = allocate_ffn_scratch(memory, max_batch, c.dense_hidden, c.dim);
  if (c.router.n_experts == 0) return s;
  s.moe = {.logits = memory.tensor(max_batch, c.router.n_experts),
           .out = memory.tensor(max_batch, c.dim),
           .routes = memory.routes(max_batch, c.router.n_active),
           .experts = allocate_ffn_scratch(memory, int64_t{max_batch} * c.router.n_active,
                                           c.expert_hidden, c.dim),
           .shared = allocate_ffn_scratch(memory, max_batch, c.shared_hidden, c.dim)};
  return s;
}

void feed_forward(Backend& backend, Tensor x, const FeedForwardWeights& w,
                  const RouterConfig& router, const FeedForwardScratch& scratch, LayerProbe probe) {
  if (w.has_experts)
    moe_feed_forward(backend, x, w.moe, router, scratch.moe, probe);
  else
    backend.gated_ffn(x, x, w.dense, scratch.dense);
}

}  // namespace fathom::engine
