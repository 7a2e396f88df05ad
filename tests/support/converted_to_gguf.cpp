#include "tests/support/converted_to_gguf.h"

#include <algorithm>

#include <fmt/format.h>

namespace fathom::engine {
namespace {

struct KeyPair {
  const char* hugging_face;
  const char* gguf;
};

constexpr KeyPair kKeys[] = {
    {"hidden_size", "embedding_length"},
    {"num_attention_heads", "attention.head_count"},
    {"q_lora_rank", "attention.q_lora_rank"},
    {"kv_lora_rank", "attention.kv_lora_rank"},
    {"qk_rope_head_dim", "rope.dimension_count"},
    {"v_head_dim", "attention.value_length"},
    {"rms_norm_eps", "attention.layer_norm_rms_epsilon"},
    {"rope_theta", "rope.freq_base"},
    {"rope_scaling.type", "rope.scaling.type"},
    {"rope_scaling.factor", "rope.scaling.factor"},
    {"rope_scaling.original_max_position_embeddings", "rope.scaling.original_context_length"},
    {"first_k_dense_replace", "leading_dense_block_count"},
    {"max_position_embeddings", "context_length"},
    {"intermediate_size", "feed_forward_length"},
    {"moe_intermediate_size", "expert_feed_forward_length"},
    {"n_routed_experts", "expert_count"},
    {"num_experts_per_tok", "expert_used_count"},
    {"n_shared_experts", "expert_shared_count"},
    {"n_group", "expert_group_count"},
    {"topk_group", "expert_group_used_count"},
    {"norm_topk_prob", "expert_weights_norm"},
    {"routed_scaling_factor", "expert_weights_scale"},
    {"index_n_heads", "attention.indexer.head_count"},
    {"index_head_dim", "attention.indexer.key_length"},
    {"index_topk", "attention.indexer.top_k"}};

/// Empty for the matrices of single experts.
std::string gguf_name(const std::string& name) {
  static const std::map<std::string, std::string> kTop = {
      {"model.embed_tokens.weight", "token_embd.weight"},
      {"model.norm.weight", "output_norm.weight"},
      {"lm_head.weight", "output.weight"}};
  static const std::map<std::string, std::string> kLayer = {
      {"input_layernorm.weight", "attn_norm.weight"},
      {"post_attention_layernorm.weight", "ffn_norm.weight"},
      {"self_attn.q_a_proj.weight", "attn_q_a.weight"},
      {"self_attn.q_a_layernorm.weight", "attn_q_a_norm.weight"},
      {"self_attn.q_b_proj.weight", "attn_q_b.weight"},
      {"self_attn.kv_a_proj_with_mqa.weight", "attn_kv_a_mqa.weight"},
      {"self_attn.kv_a_layernorm.weight", "attn_kv_a_norm.weight"},
      {"self_attn.kv_b_proj.weight", "attn_kv_b.weight"},
      {"self_attn.o_proj.weight", "attn_output.weight"},
      {"self_attn.indexer.wq_b.weight", "indexer.attn_q_b.weight"},
      {"self_attn.indexer.wk.weight", "indexer.attn_k.weight"},
      {"self_attn.indexer.k_norm.weight", "indexer.k_norm.weight"},
      {"self_attn.indexer.k_norm.bias", "indexer.k_norm.bias"},
      {"self_attn.indexer.weights_proj.weight", "indexer.proj.weight"},
      {"mlp.gate_proj.weight", "ffn_gate.weight"},
      {"mlp.up_proj.weight", "ffn_up.weight"},
      {"mlp.down_proj.weight", "ffn_down.weight"},
      {"mlp.gate.weight", "ffn_gate_inp.weight"},
      {"mlp.gate.e_score_correction_bias", "exp_probs_b.bias"},
      {"mlp.shared_experts.gate_proj.weight", "ffn_gate_shexp.weight"},
      {"mlp.shared_experts.up_proj.weight", "ffn_up_shexp.weight"},
      {"mlp.shared_experts.down_proj.weight", "ffn_down_shexp.weight"},
      {"eh_proj.weight", "nextn.eh_proj.weight"},
      {"embed_tokens.weight", "nextn.embed_tokens.weight"},
      {"enorm.weight", "nextn.enorm.weight"},
      {"hnorm.weight", "nextn.hnorm.weight"},
      {"shared_head.head.weight", "nextn.shared_head_head.weight"},
      {"shared_head.norm.weight", "nextn.shared_head_norm.weight"}};
  if (const auto top = kTop.find(name); top != kTop.end()) return top->second;
  constexpr size_t kPrefix = std::string_view("model.layers.").size();
  const auto layer = kLayer.find(name.substr(kPrefix + 2));  // one digit and a dot
  return layer == kLayer.end() ? "" : fmt::format("blk.{}.{}", name[kPrefix], layer->second);
}

}  // namespace

ConvertedToGguf::ConvertedToGguf(std::shared_ptr<const Checkpoint> original,
                                 const std::string& architecture)
    : original_(std::move(original)), architecture_(architecture) {
  const Metadata& from = original_->metadata();
  const int64_t n_drafts = from.integer("num_nextn_predict_layers").value_or(0);
  const int64_t n_blocks = *from.integer("num_hidden_layers") + n_drafts;
  copy_metadata();
  set("block_count", n_blocks);
  if (n_drafts > 0) set("nextn_predict_layers", n_drafts);
  for (const TensorInfo& tensor : original_->tensors())
    if (const std::string name = gguf_name(tensor.name); !name.empty()) {
      tensors_.push_back(tensor);
      tensors_.back().name = name;
    }
  add_stacks(static_cast<int>(n_blocks));
}

std::shared_ptr<const Checkpoint> ConvertedToGguf::build() const {
  CheckpointParts parts;
  parts.format = Checkpoint::Format::gguf;
  parts.source = "converted";
  parts.architecture = architecture_;
  parts.metadata = metadata_;
  parts.tensors = tensors_;
  return *CheckpointBuilder::build(std::move(parts));
}

void ConvertedToGguf::copy_metadata() {
  const Metadata& from = original_->metadata();
  for (const auto& [key, gguf_key] : kKeys)
    if (from.has(key)) set(gguf_key, from.all().find(key)->second);
  set("attention.key_length",
      *from.integer("qk_nope_head_dim") + *from.integer("qk_rope_head_dim"));
  const bool sigmoid = *from.string("scoring_func") == "sigmoid";
  set("expert_gating_func", int64_t{sigmoid ? 2 : 1});
  set("rope.scaling.yarn_log_multiplier", 0.1 * *from.number("rope_scaling.mscale_all_dim"));
}

void ConvertedToGguf::forget(const std::string& key) {
  Metadata kept;
  for (const auto& [name, value] : metadata_.all())
    if (name != architecture_ + "." + key) kept.set(name, value);
  metadata_ = std::move(kept);
}

TensorInfo* ConvertedToGguf::find(const std::string& name) {
  const auto found = std::ranges::find(tensors_, name, &TensorInfo::name);
  return found == tensors_.end() ? nullptr : &*found;
}

void ConvertedToGguf::add_stacks(int n_layers) {
  const int64_t n = *original_->metadata().integer("n_routed_experts");
  for (int layer = 0; layer < n_layers; ++layer)
    for (const char* matrix : {"gate", "up", "down"}) {
      std::vector<std::byte>& bytes = storage_.emplace_back();
      TensorInfo stack;
      for (int64_t i = 0; i < n; ++i) {
        const TensorInfo* expert = original_->find(
            fmt::format("model.layers.{}.mlp.experts.{}.{}_proj.weight", layer, i, matrix));
        if (!expert) break;  // a dense layer
        bytes.insert(bytes.end(), expert->bytes.begin(), expert->bytes.end());
        stack = *expert;
      }
      if (bytes.empty()) continue;
      stack.name = fmt::format("blk.{}.ffn_{}_exps.weight", layer, matrix);
      stack.shape.insert(stack.shape.begin(), n);
      stack.bytes = bytes;
      tensors_.push_back(std::move(stack));
    }
}

void ConvertedToGguf::join_gates_and_ups() {
  const int64_t n_blocks = *metadata_.integer(architecture_ + ".block_count");
  for (int64_t layer = 0; layer < n_blocks; ++layer) {
    const std::string gate_name = fmt::format("blk.{}.ffn_gate_exps.weight", layer);
    const std::string up_name = fmt::format("blk.{}.ffn_up_exps.weight", layer);
    const TensorInfo* gate = find(gate_name);
    const TensorInfo* up = find(up_name);
    if (!gate || !up) continue;
    std::vector<std::byte>& bytes = storage_.emplace_back();
    const size_t part = gate->bytes.size() / gate->shape[0];
    for (int64_t i = 0; i < gate->shape[0]; ++i)
      for (const TensorInfo* tensor : {gate, up}) {
        const auto source = tensor->bytes.subspan(i * part, part);
        bytes.insert(bytes.end(), source.begin(), source.end());
      }
    TensorInfo joined = *gate;
    joined.name = fmt::format("blk.{}.ffn_gate_up_exps.weight", layer);
    joined.shape[1] *= 2;
    joined.bytes = bytes;
    std::erase_if(tensors_, [&](const TensorInfo& tensor) {
      return tensor.name == gate_name || tensor.name == up_name;
    });
    tensors_.push_back(std::move(joined));
  }
}

}  // namespace fathom::engine
