#include "engine/models/deepseek_v4_experts.h"

#include <algorithm>

namespace fathom::engine {
namespace {

constexpr ExpertsNames kExperts = {
    .gate = {"ffn.experts.*.w1.weight", "ffn_gate_exps.weight"},
    .up = {"ffn.experts.*.w3.weight", "ffn_up_exps.weight"},
    .down = {"ffn.experts.*.w2.weight", "ffn_down_exps.weight"},
    .gate_and_up = {},
    .shared = {.gate = {"ffn.shared_experts.w1.weight", "ffn_gate_shexp.weight"},
               .up = {"ffn.shared_experts.w3.weight", "ffn_up_shexp.weight"},
               .down = {"ffn.shared_experts.w2.weight", "ffn_down_shexp.weight"}}};

ExpertsConfig experts_of(const V4ExpertsConfig& c) {
  return {.n_experts = c.router.n_experts,
          .n_active = c.router.n_active,
          .dim = c.dim,
          .hidden = c.hidden,
          .shared_hidden = c.shared_hidden};
}

}  // namespace

V4ExpertsWeights bind_v4_experts(Binder::Scope in, const V4ExpertsConfig& c, int vocab,
                                 const V4ExpertsLayer& layer) {
  const int n = c.router.n_experts;
  V4ExpertsWeights w = {.router = in.matrix({"ffn.gate.weight", "ffn_gate_inp.weight"}, n, c.dim),
                        .experts = bind_experts(in, experts_of(c), kExperts)};
  w.experts.routed.limit = layer.limit;
  w.experts.shared.limit = layer.shared_limit;
  if (layer.has_table)
    w.table = in.indices({"ffn.gate.tid2eid", "ffn_gate_tid2eid.weight"}, vocab, c.router.n_active,
                         /*limit=*/n);
  else
    w.router_bias = in.vector({"ffn.gate.bias", "exp_probs_b.bias"}, n);
  return w;
}

V4ExpertsScratch V4ExpertsScratch::allocate(ScratchAllocator& memory, int max_batch,
                                            const V4ExpertsConfig& c) {
  return {.logits = memory.tensor(max_batch, c.router.n_experts),
          .routes = memory.routes(max_batch, c.router.n_active),
          .listed = std::vector<int32_t>(size_t(max_batch) * c.router.n_active),
          .experts = allocate_experts(memory, max_batch, experts_of(c))};
}

void v4_experts(Backend& backend, Tensor x, std::span<const TokenId> tokens,
                const V4ExpertsWeights& w, const V4ExpertsConfig& c, V4ExpertsScratch& scratch,
                LayerProbe probe) {
  const Tensor logits = scratch.logits.first_rows(x.rows);
  backend.matmul(logits, x, *w.router);
  if (w.table.empty()) {
    backend.route(scratch.routes, logits, w.router_bias, c.router);
  } else {
    const size_t n_active = c.router.n_active;
    const std::span listed = std::span(scratch.listed).first(tokens.size() * n_active);
    for (size_t row = 0; row < tokens.size(); ++row)
      std::ranges::copy(std::span(w.table).subspan(tokens[row] * n_active, n_active),
                        listed.begin() + row * n_active);
    backend.route_to(scratch.routes, logits, listed, c.router);
  }
  probe.see_routes(scratch.routes, x.rows);
  backend.experts_ffn(x, scratch.routes, w.experts, scratch.experts);
}

}  // namespace fathom::engine
