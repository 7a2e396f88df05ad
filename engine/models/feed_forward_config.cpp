#include "engine/models/feed_forward_config.h"

#include "engine/models/limits.h"

namespace fathom::engine {
namespace {

constexpr FieldName kGroups = {"n_group", "expert_group_count"};
constexpr FieldName kActiveGroups = {"topk_group", "expert_group_used_count"};

void read_groups(Fields& f, RouterConfig& r, KnownGroups known) {
  const bool fill = f.is_gguf() && !f.has(kGroups) && r.n_experts == known.n_experts;
  r.n_groups = f.count_or(kGroups, r.n_experts, fill ? known.n_groups : 1);
  r.n_active_groups = f.count_or(kActiveGroups, r.n_groups, fill ? known.n_active_groups : 1);
  if (fill)
    f.note(
        fmt::format("the file does not group its experts; a model with {} has {} groups, of "
                    "which {} are used",
                    r.n_experts, r.n_groups, r.n_active_groups));
}

void check_routing(Fields& f, const RouterConfig& r) {
  const int group_size = r.n_experts / r.n_groups;
  const int smallest_group = r.group_score == GroupScore::top2_sum && r.n_groups > 1 ? 2 : 1;
  if (r.n_experts % r.n_groups != 0 || r.n_active > group_size * r.n_active_groups ||
      group_size < smallest_group)
    f.refuse(fmt::format("{} experts in {} groups, {} of {} active, is not a routing", r.n_experts,
                         r.n_groups, r.n_active, r.n_active_groups));
}

}  // namespace

RouterScore read_gguf_score(Fields& f) {
  enum { kMissing = 0, kSoftmax = 1, kSigmoid = 2 };
  const int stored = f.zero_or_count({"", "expert_gating_func"}, 1 << 10, kMissing);
  if (stored == kSoftmax) return RouterScore::softmax;
  if (stored == kSigmoid) return RouterScore::sigmoid;
  if (stored != kMissing) f.refuse(fmt::format("expert_gating_func {} is not supported", stored));

  const int n_dense = f.zero_or_count({"", "leading_dense_block_count"}, kMaxLayers, 0);
  const bool has_bias = f.checkpoint().find(fmt::format("blk.{}.exp_probs_b.bias", n_dense));
  f.note(fmt::format("expert_gating_func is missing; taken as {}, as the experts have {} bias",
                     has_bias ? "sigmoid" : "softmax", has_bias ? "a" : "no"));
  return has_bias ? RouterScore::sigmoid : RouterScore::softmax;
}

FeedForwardConfig read_feed_forward(Fields& f, RouterConfig router, KnownGroups known) {
  FeedForwardConfig c = {.router = router};
  c.dim = f.count({"hidden_size", "embedding_length"}, kMaxDim);
  c.dense_hidden = f.count({"intermediate_size", "feed_forward_length"}, kMaxDim);
  c.n_dense =
      f.zero_or_count({"first_k_dense_replace", "leading_dense_block_count"}, kMaxLayers, 0);
  c.expert_hidden = f.count({"moe_intermediate_size", "expert_feed_forward_length"}, kMaxDim);
  c.shared_hidden =
      f.count({"n_shared_experts", "expert_shared_count"}, kMaxDim / c.expert_hidden) *
      c.expert_hidden;

  RouterConfig& r = c.router;
  r.n_experts = f.count({"n_routed_experts", "expert_count"}, kMaxExperts);
  r.n_active = f.count({"num_experts_per_tok", "expert_used_count"}, r.n_experts);
  r.normalise = f.flag_or({"norm_topk_prob", "expert_weights_norm"}, router.normalise);
  r.scale = static_cast<float>(
      f.positive_or({"routed_scaling_factor", "expert_weights_scale"}, router.scale));
  read_groups(f, r, known);
  check_routing(f, r);

  if (f.count_or({"moe_layer_freq", ""}, kMaxLayers, 1) != 1)
    f.refuse("moe_layer_freq other than 1 is not supported");
  if (f.string_or({"hidden_act", ""}, "silu") != "silu")
    f.refuse("hidden_act other than silu is not supported");
  return c;
}

}  // namespace fathom::engine
