#include <cmath>
#include <concepts>
#include <variant>

#include "engine/convert/gguf_metadata.h"
#include "engine/models/fields.h"
#include "engine/models/limits.h"
#include "engine/models/rope_tables.h"

namespace fathom::engine {
namespace {

// llama_expert_gating_func_type
constexpr int64_t kGatingSoftmax = 1;
constexpr int64_t kGatingSigmoid = 2;

class Hyperparameters final {
 public:
  Hyperparameters(const Checkpoint& checkpoint, const Layout& layout, GgufWriter& out)
      : checkpoint_(checkpoint), layout_(layout), fields_(checkpoint), out_(out) {}

  Status write() {
    out_.set("general.architecture", std::string(layout_.gguf));
    const std::filesystem::path folder = checkpoint_.folder().value_or(checkpoint_.source());
    out_.set("general.name",
             (folder.has_filename() ? folder : folder.parent_path()).filename().string());
    write_sizes();
    write_attention();
    write_rope();
    if (fields_.has({"n_routed_experts", ""})) write_experts();
    return fields_.status();
  }

 private:
  int count(std::string_view key, int limit) { return fields_.count({key, ""}, limit); }
  void set(std::string_view key, Metadata::Value value) {
    out_.set(fmt::format("{}.{}", layout_.gguf, key), std::move(value));
  }
  void set(std::string_view key, std::same_as<int> auto value) {
    set(key, Metadata::Value(int64_t{value}));
  }

  void write_sizes() {
    const int n_drafts = count_draft_layers(checkpoint_);
    set("block_count", count("num_hidden_layers", kMaxLayers) + n_drafts);
    if (n_drafts > 0) set("nextn_predict_layers", n_drafts);
    set("context_length", count("max_position_embeddings", kMaxContext));
    set("embedding_length", count("hidden_size", kMaxDim));
    set("feed_forward_length", count("intermediate_size", kMaxDim));
    set("vocab_size", fields_.vocab_size());
    set("attention.layer_norm_rms_epsilon", fields_.positive({"rms_norm_eps", ""}));
  }

  void write_attention() {
    const int n_heads = count("num_attention_heads", kMaxHeads);
    set("attention.head_count", n_heads);
    if (layout_.is_latent) return write_latent_attention();

    set("attention.head_count_kv",
        fields_.count_or({"num_key_value_heads", ""}, kMaxHeads, n_heads));
    const int usual_dim = count("hidden_size", kMaxDim) / n_heads;
    const int head_dim = fields_.count_or({"head_dim", ""}, kMaxHeadDim, usual_dim);
    if (head_dim != usual_dim) {
      set("attention.key_length", head_dim);
      set("attention.value_length", head_dim);
    }
    set("rope.dimension_count", head_dim);
  }

  /// Since April 2025: attention over latents, as one head of keys and values that all share.
  void write_latent_attention() {
    const int nope = count("qk_nope_head_dim", kMaxHeadDim);
    const int rope = count("qk_rope_head_dim", kMaxHeadDim);
    const int latent = count("kv_lora_rank", kMaxHeadDim);
    set("attention.head_count_kv", 1);
    set("attention.key_length", latent + rope);
    set("attention.value_length", latent);
    set("attention.key_length_mla", nope + rope);
    set("attention.value_length_mla", count("v_head_dim", kMaxHeadDim));
    set("attention.kv_lora_rank", latent);
    if (fields_.has({"q_lora_rank", ""}))
      set("attention.q_lora_rank", count("q_lora_rank", kMaxHeadDim));
    set("rope.dimension_count", rope);
    if (fields_.has({"index_topk", ""})) write_indexer();
  }

  void write_indexer() {
    set("attention.indexer.head_count", count("index_n_heads", kMaxHeads));
    set("attention.indexer.key_length", count("index_head_dim", kMaxHeadDim));
    set("attention.indexer.top_k", count("index_topk", kMaxContext));
  }

  void write_rope() {
    set("rope.freq_base", read_rope_base(fields_));
    const RopeScaling scaling = read_rope_scaling(fields_);
    if (const auto* linear = std::get_if<LinearScaling>(&scaling)) {
      set("rope.scaling.type", std::string("linear"));
      set("rope.scaling.factor", linear->factor);
    }
    if (const auto* yarn = std::get_if<YarnScaling>(&scaling)) {
      set("rope.scaling.type", std::string("yarn"));
      set("rope.scaling.factor", yarn->factor);
      set("rope.scaling.original_context_length",
          static_cast<int>(std::lround(yarn->original_context)));
      if (yarn->mscale_all_dim != 0)
        set("rope.scaling.yarn_log_multiplier", 0.1 * yarn->mscale_all_dim);
      if (yarn->beta_fast != 32) set("rope.scaling.yarn_beta_fast", yarn->beta_fast);
      if (yarn->beta_slow != 1) set("rope.scaling.yarn_beta_slow", yarn->beta_slow);
    }
  }

  void write_experts() {
    const int n_experts = count("n_routed_experts", kMaxExperts);
    set("expert_count", n_experts);
    set("expert_used_count", fields_.count({"num_experts_per_tok", ""}, n_experts));
    set("expert_shared_count", fields_.zero_or_count({"n_shared_experts", ""}, kMaxExperts, 0));
    set("expert_feed_forward_length", count("moe_intermediate_size", kMaxDim));
    set("leading_dense_block_count",
        fields_.zero_or_count({"first_k_dense_replace", ""}, kMaxLayers, 0));
    set("expert_weights_scale", fields_.positive_or({"routed_scaling_factor", ""}, 1.0));
    if (!layout_.is_latent) return;  // the first generation has one way to choose

    const bool sigmoid = fields_.string_or({"scoring_func", ""}, "softmax") == "sigmoid";
    set("expert_weights_norm", fields_.flag_or({"norm_topk_prob", ""}, false));
    set("expert_gating_func", sigmoid ? kGatingSigmoid : kGatingSoftmax);
    const int n_groups = fields_.count_or({"n_group", ""}, n_experts, 1);
    if (n_groups > 1 && fields_.string_or({"topk_method", ""}, "") != "greedy") {
      set("expert_group_count", n_groups);
      set("expert_group_used_count", fields_.count({"topk_group", ""}, n_groups));
    }
  }

  const Checkpoint& checkpoint_;
  const Layout& layout_;
  Fields fields_;
  GgufWriter& out_;
};

}  // namespace

Status write_hyperparameters(const Checkpoint& checkpoint, const Layout& layout, GgufWriter& out) {
  return Hyperparameters(checkpoint, layout, out).write();
}

}  // namespace fathom::engine
