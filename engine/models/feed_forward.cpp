#include "engine/models/feed_forward.h"

namespace fathom::engine {
namespace {

constexpr GatedNetworkNames kDense = {.gate = {"mlp.gate_proj.weight", "ffn_gate.weight"},
                                      .up = {"mlp.up_proj.weight", "ffn_up.weight"},
                                      .down = {"mlp.down_proj.weight", "ffn_down.weight"}};
constexpr ExpertsNames kExperts = {
    .gate = {"mlp.experts.*.gate_proj.weight", "ffn_gate_exps.weight"},
    .up = {"mlp.experts.*.up_proj.weight", "ffn_up_exps.weight"},
    .down = {"mlp.experts.*.down_proj.weight", "ffn_down_exps.weight"},
    .gate_and_up = {"", "ffn_gate_up_exps.weight"},
    .shared = {.gate = {"mlp.shared_experts.gate_proj.weight", "ffn_gate_shexp.weight"},
               .up = {"mlp.shared_experts.up_proj.weight", "ffn_up_shexp.weight"},
               .down = {"mlp.shared_experts.down_proj.weight", "ffn_down_shexp.weight"}}};

ExpertsConfig experts_of(const FeedForwardConfig& c) {
  return {.n_experts = c.router.n_experts,
          .n_active = c.router.n_active,
          .dim = c.dim,
          .hidden = c.expert_hidden,
          .shared_hidden = c.shared_hidden};
}

MoeWeights bind_moe(Binder::Scope in, const FeedForwardConfig& c) {
  const int64_t n = c.router.n_experts;
  MoeWeights w;
  w.router = in.matrix({"mlp.gate.weight", "ffn_gate_inp.weight"}, n, c.dim);
  if (c.router.score == RouterScore::sigmoid)
    w.router_bias = in.vector({"mlp.gate.e_score_correction_bias", "exp_probs_b.bias"}, n);
  w.experts = bind_experts(in, experts_of(c), kExperts);
  return w;
}

void moe_feed_forward(Backend& backend, Tensor x, const MoeWeights& w, const RouterConfig& router,
                      const MoeScratch& scratch, LayerProbe probe) {
  const Tensor logits = scratch.logits.first_rows(x.rows);
  backend.matmul(logits, x, *w.router);
  backend.route(scratch.routes, logits, w.router_bias, router);
  probe.see_routes(scratch.routes, x.rows);
  backend.experts_ffn(x, scratch.routes, w.experts, scratch.experts);
}

}  // namespace

FeedForwardWeights bind_feed_forward(Binder::Scope in, const FeedForwardConfig& c,
                                     bool has_experts) {
  const Shard shard = in.shard();
  if (has_experts)
    return {
        .has_experts = true, .is_partial = shard.n_ranks > 1, .dense = {}, .moe = bind_moe(in, c)};
  const int64_t unit = hidden_unit(in, kDense);
  const bool all_have_some = c.dense_hidden >= unit * shard.n_ranks;
  const Range own = all_have_some ? shard.part_of(c.dense_hidden, unit) : Range{0, c.dense_hidden};
  return {.has_experts = false,
          .is_partial = own.size() < c.dense_hidden,
          .dense = bind_gated_network(in, kDense, c.dense_hidden, c.dim, own),
          .moe = {}};
}

FeedForwardScratch FeedForwardScratch::allocate(ScratchAllocator& memory, int max_batch,
                                                const FeedForwardConfig& c) {
  FeedForwardScratch s;
  s.dense = allocate_gated_network(memory, max_batch, c.dense_hidden, c.dim);
  if (c.router.n_experts == 0) return s;
  s.moe = {.logits = memory.tensor(max_batch, c.router.n_experts),
           .routes = memory.routes(max_batch, c.router.n_active),
           .experts = allocate_experts(memory, max_batch, experts_of(c))};
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
