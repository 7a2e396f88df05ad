#include "engine/models/experts.h"

#include <tuple>

namespace fathom::engine {

ExpertsWeights bind_experts(Binder::Scope in, const ExpertsConfig& c, const ExpertsNames& names) {
  const Shard shard = in.shard();
  const Range own = shard.part_of(c.n_experts);
  GatedFfnWeights routed = {.first_expert = static_cast<int>(own.begin)};
  if (in.has(names.gate_and_up)) {
    std::tie(routed.gate, routed.up) =
        in.expert_pairs(names.gate_and_up, c.n_experts, c.hidden, c.dim, own);
  } else {
    routed.gate = in.experts(names.gate, c.n_experts, c.hidden, c.dim, own);
    routed.up = in.experts(names.up, c.n_experts, c.hidden, c.dim, own);
  }
  routed.down = in.experts(names.down, c.n_experts, c.dim, c.hidden, own);
  const Range hidden = shard.part_of(c.shared_hidden, hidden_unit(in, names.shared));
  return {.routed = routed,
          .shared = bind_gated_network(in, names.shared, c.shared_hidden, c.dim, hidden)};
}

ExpertsScratch allocate_experts(ScratchAllocator& memory, int max_batch, const ExpertsConfig& c) {
  return {
      .routed = allocate_gated_network(memory, int64_t{max_batch} * c.n_active, c.hidden, c.dim),
      .shared = allocate_gated_network(memory, max_batch, c.shared_hidden, c.dim),
      .routed_out = memory.tensor(max_batch, c.dim),
      .shared_out = memory.tensor(max_batch, c.dim)};
}

}  // namespace fathom::engine
