#include "engine/models/deepseek_v4_config.h"

#include <algorithm>

#include "engine/models/limits.h"
#include "engine/models/rope_tables.h"

namespace fathom::engine {
namespace {

constexpr int kMaxStreams = 16;
constexpr int kMaxIterations = 1000;

// What "compress_ratios" may say. Few tokens: groups overlap and an indexer chooses among them.
constexpr int kFewTokens = 4;
constexpr int kManyTokens = 128;

void refuse_other_routers(Fields& f) {
  constexpr int kGgufSqrtSoftplus = 4;
  const bool is_sqrt_softplus =
      f.is_gguf() ? f.zero_or_count({"", "expert_gating_func"}, 1 << 10, kGgufSqrtSoftplus) ==
                        kGgufSqrtSoftplus
                  : f.string_or({"scoring_func", ""}, "sqrtsoftplus") == "sqrtsoftplus";
  if (!is_sqrt_softplus || f.string_or({"topk_method", ""}, "noaux_tc") != "noaux_tc")
    f.refuse("chooses experts otherwise than DeepSeek-V4");
  if (f.string_or({"hidden_act", ""}, "silu") != "silu")
    f.refuse("hidden_act other than silu is not supported");
}

// GGUF counts draft layers among its blocks if the converter kept them. They are left out: the
// format has no place for the weights that read the streams at a draft layer's end.
int count_layers(Fields& f) {
  const int n_blocks = f.count({"num_hidden_layers", "block_count"}, kMaxLayers);
  const int n_drafts = f.zero_or_count({"", "nextn_predict_layers"}, n_blocks - 1, 0);
  const bool kept = f.checkpoint().find(
                        fmt::format("blk.{}.nextn.eh_proj.weight", n_blocks - n_drafts)) != nullptr;
  if (kept) f.note("the draft layer is not used: the file lacks the weights at its end");
  return kept ? n_blocks - n_drafts : n_blocks;
}

HyperConfig read_streams(Fields& f, int dim, float norm_eps) {
  HyperConfig h = {.dim = dim, .norm_eps = norm_eps};
  h.n_streams = f.count({"hc_mult", "hyper_connection.count"}, kMaxStreams);
  h.n_iterations =
      f.count({"hc_sinkhorn_iters", "hyper_connection.sinkhorn_iterations"}, kMaxIterations);
  h.eps = static_cast<float>(f.positive({"hc_eps", "hyper_connection.epsilon"}));
  return h;
}

V4AttentionConfig read_attention(Fields& f) {
  V4AttentionConfig a;
  a.dim = f.count({"hidden_size", "embedding_length"}, kMaxDim);
  a.n_heads = f.count({"num_attention_heads", "attention.head_count"}, kMaxHeads);
  a.head_dim = f.count({"head_dim", "attention.key_length"}, kMaxHeadDim);
  a.rope_dim = f.count({"qk_rope_head_dim", "rope.dimension_count"}, kMaxHeadDim);
  a.q_lora = f.count({"q_lora_rank", "attention.q_lora_rank"}, kMaxHeadDim);
  a.n_out_groups = f.count({"o_groups", "attention.output_group_count"}, kMaxHeads);
  a.out_lora = f.count({"o_lora_rank", "attention.output_lora_rank"}, kMaxHeadDim);
  a.window = f.count({"sliding_window", "attention.sliding_window"}, kMaxContext);
  a.index_heads = f.count({"index_n_heads", "attention.indexer.head_count"}, kMaxHeads);
  a.index_dim = f.count({"index_head_dim", "attention.indexer.key_length"}, kMaxHeadDim);
  a.index_limit = f.count({"index_topk", "attention.indexer.top_k"}, kMaxContext);
  a.norm_eps = static_cast<float>(f.positive({"rms_norm_eps", "attention.layer_norm_rms_epsilon"}));
  if (a.rope_dim % 2 != 0 || a.rope_dim > a.head_dim || a.rope_dim > a.index_dim)
    f.refuse(fmt::format("heads of {} and {} numbers, {} of them rotated, are not supported",
                         a.head_dim, a.index_dim, a.rope_dim));
  if (a.n_heads % a.n_out_groups != 0)
    f.refuse(fmt::format("{} heads in {} groups are not supported", a.n_heads, a.n_out_groups));
  return a;
}

V4ExpertsConfig read_experts(Fields& f, int dim) {
  V4ExpertsConfig e = {.dim = dim, .router = {.score = RouterScore::sqrt_softplus}};
  e.hidden = f.count({"moe_intermediate_size", "expert_feed_forward_length"}, kMaxDim);
  e.shared_hidden =
      f.count({"n_shared_experts", "expert_shared_count"}, kMaxDim / e.hidden) * e.hidden;
  e.n_table_layers = f.zero_or_count({"num_hash_layers", "hash_layer_count"}, kMaxLayers, 0);
  e.router.n_experts = f.count({"n_routed_experts", "expert_count"}, kMaxExperts);
  e.router.n_active = f.count({"num_experts_per_tok", "expert_used_count"}, e.router.n_experts);
  e.router.normalise = f.flag_or({"norm_topk_prob", "expert_weights_norm"}, true);
  e.router.scale =
      static_cast<float>(f.positive({"routed_scaling_factor", "expert_weights_scale"}));
  return e;
}

struct Ropes {
  Rope near;        // of layers that only have a window
  Rope compressed;  // of the others
};

Ropes read_ropes(Fields& f, int rope_dim) {
  RopeScaling scaling = read_rope_scaling(f);
  // Nothing grows with the factor here: neither cos and sin nor the softmax scale.
  if (auto* yarn = std::get_if<YarnScaling>(&scaling)) yarn->magnitude = 1;
  const double base = f.positive({"compress_rope_theta", "attention.compress_rope_freq_base"});
  return {.near = make_rope(RopeLayout::interleaved, rope_dim, read_rope_base(f), {}),
          .compressed = make_rope(RopeLayout::interleaved, rope_dim, base, scaling)};
}

Rope inverse(Rope rope) {
  for (float& frequency : rope.inverse_frequencies) frequency = -frequency;
  return rope;
}

V4LayerConfig layer_of(const V4AttentionConfig& a, const Ropes& ropes, int group) {
  const Rope& rope = group == 0 ? ropes.near : ropes.compressed;
  V4LayerConfig layer = {.rope = rope, .inverse_rope = inverse(rope)};
  if (group == 0) return layer;
  const bool overlaps = group == kFewTokens;
  layer.pooled = {.dim = a.dim,
                  .key_dim = a.head_dim,
                  .rope_dim = a.rope_dim,
                  .group = group,
                  .overlaps = overlaps,
                  .column = a.head_dim,
                  .norm_eps = a.norm_eps,
                  .rope = rope};
  if (!overlaps) return layer;
  layer.index = layer.pooled;
  layer.index->key_dim = a.index_dim;
  layer.index->column = layer.pooled->end_column();
  return layer;
}

/// What a list says of a layer; a number alone is that of every layer, no list at all 0.
double of_layer(std::span<const double> list, size_t layer) {
  if (list.size() == 1) return list[0];
  return layer < list.size() ? list[layer] : 0;
}

}  // namespace

V4Config read_v4_config(Fields& f) {
  refuse_other_routers(f);
  V4Config c;
  c.n_layers = count_layers(f);
  c.vocab = f.vocab_size();
  c.context_length = f.count({"max_position_embeddings", "context_length"}, kMaxContext);
  c.attention = read_attention(f);
  // A text has no more groups than that: bounds the memory for what was chosen.
  c.attention.index_limit =
      std::min(c.attention.index_limit, std::max(1, c.context_length / kFewTokens));
  c.streams = read_streams(f, c.dim(), c.norm_eps());
  c.experts = read_experts(f, c.dim());

  const Ropes ropes = read_ropes(f, c.attention.rope_dim);
  const FieldName groups_name = {"compress_ratios", "attention.compress_ratios"};
  const std::vector<double> groups = f.numbers(groups_name, 0, kManyTokens);
  if (groups.size() < static_cast<size_t>(c.n_layers))
    f.refuse(
        fmt::format("compress_ratios has {} numbers for {} layers", groups.size(), c.n_layers));
  const std::vector<double> limits = f.numbers({"swiglu_limit", "swiglu_clamp_exp"}, 0, 1e30);
  std::vector<double> shared_limits = f.numbers({"", "swiglu_clamp_shexp"}, 0, 1e30);
  if (shared_limits.empty()) shared_limits = limits;
  const auto limit_of = [](double limit) {
    return limit > 0 ? static_cast<float>(limit) : kNoLimit;
  };
  for (int layer = 0; layer <= c.n_layers; ++layer) {
    const double group = static_cast<size_t>(layer) < groups.size() ? groups[layer] : 0;
    if (group != 0 && group != kFewTokens && group != kManyTokens)
      f.refuse(fmt::format("compress_ratios of {} are not supported; 0, {} and {} are", group,
                           kFewTokens, kManyTokens));
    c.attention_layers.push_back(layer_of(c.attention, ropes, static_cast<int>(group)));
    c.expert_layers.push_back({.has_table = layer < c.experts.n_table_layers,
                               .limit = limit_of(of_layer(limits, layer)),
                               .shared_limit = limit_of(of_layer(shared_limits, layer))});
  }
  return c;
}

}  // namespace fathom::engine
