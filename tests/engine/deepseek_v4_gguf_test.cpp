// DeepSeek-V4 under llama.cpp's names: the golden checkpoint as llama.cpp's converter would write
// it. There is no golden file of that format.

#include <deque>
#include <filesystem>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/checkpoint/builder.h"
#include "engine/reference/reference_backend.h"
#include "tests/support/golden.h"
#include "tests/support/model_runner.h"

namespace fathom::engine {
namespace {

constexpr float kTolerance = 2e-4f;
constexpr int kMaxBatch = 300;

using Names = std::map<std::string, std::string>;

const Names kMetadata = {
    {"hidden_size", "embedding_length"},
    {"num_hidden_layers", "block_count"},
    {"num_attention_heads", "attention.head_count"},
    {"head_dim", "attention.key_length"},
    {"qk_rope_head_dim", "rope.dimension_count"},
    {"q_lora_rank", "attention.q_lora_rank"},
    {"o_groups", "attention.output_group_count"},
    {"o_lora_rank", "attention.output_lora_rank"},
    {"sliding_window", "attention.sliding_window"},
    {"compress_ratios", "attention.compress_ratios"},
    {"compress_rope_theta", "attention.compress_rope_freq_base"},
    {"index_n_heads", "attention.indexer.head_count"},
    {"index_head_dim", "attention.indexer.key_length"},
    {"index_topk", "attention.indexer.top_k"},
    {"rms_norm_eps", "attention.layer_norm_rms_epsilon"},
    {"hc_mult", "hyper_connection.count"},
    {"hc_sinkhorn_iters", "hyper_connection.sinkhorn_iterations"},
    {"hc_eps", "hyper_connection.epsilon"},
    {"moe_intermediate_size", "expert_feed_forward_length"},
    {"n_routed_experts", "expert_count"},
    {"n_shared_experts", "expert_shared_count"},
    {"num_experts_per_tok", "expert_used_count"},
    {"num_hash_layers", "hash_layer_count"},
    {"norm_topk_prob", "expert_weights_norm"},
    {"routed_scaling_factor", "expert_weights_scale"},
    {"max_position_embeddings", "context_length"},
    {"rope_theta", "rope.freq_base"},
    {"rope_scaling.type", "rope.scaling.type"},
    {"rope_scaling.factor", "rope.scaling.factor"},
    {"rope_scaling.original_max_position_embeddings", "rope.scaling.original_context_length"}};

const Names kTop = {
    {"embed.weight", "token_embd.weight"},     {"norm.weight", "output_norm.weight"},
    {"head.weight", "output.weight"},          {"hc_head_fn", "output_hc_fn.weight"},
    {"hc_head_base", "output_hc_base.weight"}, {"hc_head_scale", "output_hc_scale.weight"}};

const Names kLayer = {{"attn_norm.weight", "attn_norm.weight"},
                      {"ffn_norm.weight", "ffn_norm.weight"},
                      {"hc_attn_fn", "hc_attn_fn.weight"},
                      {"hc_attn_base", "hc_attn_base.weight"},
                      {"hc_attn_scale", "hc_attn_scale.weight"},
                      {"hc_ffn_fn", "hc_ffn_fn.weight"},
                      {"hc_ffn_base", "hc_ffn_base.weight"},
                      {"hc_ffn_scale", "hc_ffn_scale.weight"},
                      {"attn.wq_a.weight", "attn_q_a.weight"},
                      {"attn.q_norm.weight", "attn_q_a_norm.weight"},
                      {"attn.wq_b.weight", "attn_q_b.weight"},
                      {"attn.wkv.weight", "attn_kv.weight"},
                      {"attn.kv_norm.weight", "attn_kv_a_norm.weight"},
                      {"attn.attn_sink", "attn_sinks.weight"},
                      {"attn.wo_a.weight", "attn_output_a.weight"},
                      {"attn.wo_b.weight", "attn_output_b.weight"},
                      {"attn.compressor.wkv.weight", "attn_compressor_kv.weight"},
                      {"attn.compressor.wgate.weight", "attn_compressor_gate.weight"},
                      {"attn.compressor.ape", "attn_compressor_ape.weight"},
                      {"attn.compressor.norm.weight", "attn_compressor_norm.weight"},
                      {"attn.indexer.wq_b.weight", "indexer.attn_q_b.weight"},
                      {"attn.indexer.weights_proj.weight", "indexer.proj.weight"},
                      {"attn.indexer.compressor.wkv.weight", "indexer_compressor_kv.weight"},
                      {"attn.indexer.compressor.wgate.weight", "indexer_compressor_gate.weight"},
                      {"attn.indexer.compressor.ape", "indexer_compressor_ape.weight"},
                      {"attn.indexer.compressor.norm.weight", "indexer_compressor_norm.weight"},
                      {"ffn.gate.weight", "ffn_gate_inp.weight"},
                      {"ffn.gate.bias", "exp_probs_b.bias"},
                      {"ffn.gate.tid2eid", "ffn_gate_tid2eid.weight"},
                      {"ffn.shared_experts.w1.weight", "ffn_gate_shexp.weight"},
                      {"ffn.shared_experts.w2.weight", "ffn_down_shexp.weight"},
                      {"ffn.shared_experts.w3.weight", "ffn_up_shexp.weight"}};

const Names kExperts = {{"w1", "gate"}, {"w2", "down"}, {"w3", "up"}};

class ConvertedToGguf {
 public:
  explicit ConvertedToGguf(std::shared_ptr<const Checkpoint> original)
      : original_(std::move(original)) {
    parts.format = Checkpoint::Format::gguf;
    parts.source = "converted";
    parts.architecture = "deepseek4";
    const Metadata& from = original_->metadata();
    for (const auto& [key, gguf_key] : kMetadata)
      parts.metadata.set("deepseek4." + gguf_key, from.all().find(key)->second);
    const int64_t n_layers = *from.integer("num_hidden_layers");
    parts.metadata.set("deepseek4.expert_gating_func", int64_t{4});
    parts.metadata.set("deepseek4.swiglu_clamp_exp",
                       std::vector<double>(n_layers, *from.number("swiglu_limit")));
    for (const TensorInfo& tensor : original_->tensors())
      if (const std::string name = gguf_name(tensor.name); !name.empty()) {
        parts.tensors.push_back(tensor.type_name == "I64" ? narrow(tensor) : tensor);
        parts.tensors.back().name = name;
      }
    for (int64_t layer = 0; layer < n_layers; ++layer)
      for (const auto& [matrix, gguf_matrix] : kExperts)
        parts.tensors.push_back(stacked(layer, matrix, gguf_matrix));
  }

  CheckpointParts parts;

 private:
  /// Empty for the matrices of single experts and for the draft layer.
  static std::string gguf_name(const std::string& name) {
    if (const auto top = kTop.find(name); top != kTop.end()) return top->second;
    constexpr std::string_view kPrefix = "layers.";
    if (!name.starts_with(kPrefix)) return "";
    const auto layer = kLayer.find(name.substr(kPrefix.size() + 2));  // one digit and a dot
    return layer == kLayer.end() ? ""
                                 : fmt::format("blk.{}.{}", name[kPrefix.size()], layer->second);
  }

  // llama.cpp has no tables of 64 bits.
  TensorInfo narrow(TensorInfo tensor) {
    std::vector<std::byte>& bytes = storage_.emplace_back();
    for (size_t i = 0; i < tensor.bytes.size(); i += sizeof(int64_t))  // little-endian
      bytes.insert(bytes.end(), tensor.bytes.begin() + i, tensor.bytes.begin() + i + 4);
    tensor.type_name = "I32";
    tensor.bytes = bytes;
    return tensor;
  }

  TensorInfo stacked(int64_t layer, const std::string& matrix, const std::string& gguf_matrix) {
    std::vector<std::byte>& bytes = storage_.emplace_back();
    TensorInfo stack;
    const int64_t n = *original_->metadata().integer("n_routed_experts");
    for (int64_t i = 0; i < n; ++i) {
      stack = *original_->find(fmt::format("layers.{}.ffn.experts.{}.{}.weight", layer, i, matrix));
      bytes.insert(bytes.end(), stack.bytes.begin(), stack.bytes.end());
    }
    stack.name = fmt::format("blk.{}.ffn_{}_exps.weight", layer, gguf_matrix);
    stack.shape.insert(stack.shape.begin(), n);
    stack.bytes = bytes;
    return stack;
  }

  std::shared_ptr<const Checkpoint> original_;
  std::deque<std::vector<std::byte>> storage_;
};

class DeepseekV4Gguf : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder_))
      GTEST_SKIP() << folder_ << " is not here; set FATHOM_SHARED to where it is";
    auto original = Checkpoint::open(folder_);
    ASSERT_TRUE(original) << original.error().message;
    converted_.emplace(*original);
  }
  Result<std::unique_ptr<Model>> load_converted(Backend& backend) {
    return load_model(*CheckpointBuilder::build(std::move(converted_->parts)), backend,
                      {.max_batch = kMaxBatch});
  }

  const std::filesystem::path folder_ = shared_folder() / "golden" / "deepseek-v4";
  std::optional<ConvertedToGguf> converted_;
};

TEST_F(DeepseekV4Gguf, ComputesTheLogitsOfTheOriginal) {
  auto backend = std::make_unique<ReferenceBackend>(1);
  auto model = load_converted(*backend);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_FALSE((*model)->can_draft());
  LoadedModel loaded = {std::move(backend), std::move(*model)};
  for (const GoldenPrompt& p :
       read_golden(folder_ / "golden.json", folder_ / "golden.safetensors")) {
    ModelRunner text(loaded, static_cast<int>(p.ids.size()));
    EXPECT_LT(distance(text.run(p.ids, p.positions, kMaxBatch), p.logits).largest, kTolerance);
  }
}

TEST_F(DeepseekV4Gguf, LeavesOutADraftLayerThatTheConverterKept) {
  converted_->parts.metadata.set("deepseek4.block_count", int64_t{5});
  converted_->parts.metadata.set("deepseek4.nextn_predict_layers", int64_t{1});
  TensorInfo projection = converted_->parts.tensors.front();
  projection.name = "blk.4.nextn.eh_proj.weight";
  projection.bytes = {};
  projection.shape = {0};
  converted_->parts.tensors.push_back(projection);
  ReferenceBackend backend(1);
  const auto model = load_converted(backend);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ((*model)->size().n_layers, 4);
  EXPECT_FALSE((*model)->can_draft());
}

TEST_F(DeepseekV4Gguf, SaysWhichKeyIsMissing) {
  Metadata without;
  for (const auto& [key, value] : converted_->parts.metadata.all())
    if (key != "deepseek4.attention.output_group_count") without.set(key, value);
  converted_->parts.metadata = without;
  ReferenceBackend backend(1);
  const auto model = load_converted(backend);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::corrupt);
  EXPECT_THAT(model.error().message,
              ::testing::HasSubstr("deepseek4.attention.output_group_count is missing"));
}

}  // namespace
}  // namespace fathom::engine
