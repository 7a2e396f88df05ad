#include "engine/models/deepseek_v4_experts.h"

#include <algorithm>

namespace fathom::engine {
namespace {

FfnScratch allocate_ffn(ScratchAllocator& memory, int64_t rows, int hidden, int dim) {
  return {.gate = memory.tensor(rows, hidden),
          .up = memory.tensor(rows, hidden),
          .out = memory.tensor(rows, dim)};
}

}  // namespace

V4ExpertsWeights bind_v4_experts(Binder::Scope in, const V4ExpertsConfig& c, int vocab,
                                 const V4ExpertsLayer& layer) {
  const int n = c.router.n_experts;
  V4ExpertsWeights w = {
      .router = in.matrix({"ffn.gate.weight", "ffn_gate_inp.weight"}, n, c.dim),
      .experts = {.gate = in.experts({"ffn.experts.*.w1.weight", "ffn_gate_exps.weight"}, n,
                                     c.hidden, c.dim),
                  .up = in.experts({"ffn.experts.*.w3.weight", "ffn_up_exps.weight"}, n, c.hidden,
                                   c.dim),
                  .down = in.experts({"ffn.experts.*.w2.weight", "ffn_down_exps.weight"}, n, c.dim,
                                     c.hidden),
                  .limit = layer.limit},
      .shared = {.gate = in.matrix({"ffn.shared_experts.w1.weight", "ffn_gate_shexp.weight"},
                                   c.shared_hidden, c.dim),
                 .up = in.matrix({"ffn.shared_experts.w3.weight", "ffn_up_shexp.weight"},
                                 c.shared_hidden, c.dim),
                 .down = in.matrix({"ffn.shared_experts.w2.weight", "ffn_down_shexp.weight"}, c.dim,
                                   c.shared_hidden),
                 .limit = layer.shared_limit}};
  if (layer.has_table)
    w.table = in.indices({"ffn.gate.tid2eid", "ffn_gate_tid2eid.weight"}, vocab, c.router.n_active,
                         /*limit=*/n);
  else
    w.router_bias = in.vector({"ffn.gate.bias", "exp_probs_b.bias"}, n);
  return w;
}

V4ExpertsScratch V4ExpertsScratch::allocate(ScratchAllocator& memory, int max_batch,
                                            const V4ExpertsConfig& c) {
  const int64_t routed_rows = int64_t{max_batch} * c.router.n_active;
  return {.logits = memory.tensor(max_batch, c.router.n_experts),
          .routed = memory.tensor(max_batch, c.dim),
          .routes = memory.routes(max_batch, c.router.n_active),
          .listed = std::vector<int32_t>(routed_rows),
          .experts = allocate_ffn(memory, routed_rows, c.hidden, c.dim),
          .shared = allocate_ffn(memory, max_batch, c.shared_hidden, c.dim)};
}

void v4_experts(Backend& backend, Tensor x, std::span<const TokenId> tokens,
                const V4ExpertsWeights& w, const V4ExpertsConfig& c, V4ExpertsScratch& scratch,
                LayerProbe probe) {
  const Tensor logits = scratch.logits.first_rows(x.rows);
  const Tensor routed = scratch.routed.first_rows(x.rows);
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
  backend.moe_ffn(routed, x, scratch.routes, w.experts, scratch.experts);
  backend.gated_ffn(x, x, w.shared, scratch.shared);
  backend.add(x, x, routed);
}

}  // namespace fathom::engine
