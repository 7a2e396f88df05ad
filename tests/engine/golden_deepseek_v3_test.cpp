// What only DeepSeek-V3 has: the draft layer, and layouts of its files.

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>

#include <gtest/gtest.h>

#include "engine/checkpoint/builder.h"
#include "engine/reference/reference_backend.h"
#include "tests/support/golden.h"
#include "tests/support/model_runner.h"

namespace fathom::engine {
namespace {

const std::filesystem::path kFolder = "tests/data/golden/deepseek-v3";
constexpr float kTolerance = 2e-4f;
constexpr int kMaxBatch = 300;

class GoldenDeepseekV3 : public ::testing::Test {
 protected:
  void SetUp() override {
    prompts_ = read_golden(kFolder / "golden.json", kFolder / "golden.safetensors");
    ASSERT_EQ(prompts_.size(), 4u);
  }
  void open() {
    auto loaded = load(kFolder, std::make_unique<ReferenceBackend>(1), kMaxBatch);
    ASSERT_TRUE(loaded) << loaded.error().message;
    loaded_ = std::move(*loaded);
  }
  ModelRunner runner(const GoldenPrompt& p) { return {loaded_, static_cast<int>(p.ids.size())}; }

  void expect_golden_drafts() {
    ASSERT_TRUE(loaded_.model->can_draft());
    for (const GoldenPrompt& p : prompts_) {
      ModelRunner text = runner(p);
      text.run(p.ids, p.positions, kMaxBatch);
      EXPECT_LT(distance(text.draft(p.draft_next), p.draft_logits).largest, kTolerance);
    }
  }

  LoadedModel loaded_;
  std::vector<GoldenPrompt> prompts_;
};

TEST_F(GoldenDeepseekV3, DraftLayerPredictsWhatTheOriginalPredicts) {
  open();
  expect_golden_drafts();
}

TEST_F(GoldenDeepseekV3, DraftsDoNotDependOnChunks) {
  open();
  const GoldenPrompt& p = prompts_.back();
  const int n = static_cast<int>(p.ids.size());
  constexpr int kChunk = 7;
  ModelRunner text = runner(p);
  std::vector<float> logits;
  for (int begin = 0; begin < n; begin += kChunk) {
    const int size = std::min(kChunk, n - begin);
    std::vector<int32_t> wanted;
    for (const int32_t position : p.positions)
      if (position >= begin && position < begin + size) wanted.push_back(position - begin);
    text.step(std::span(p.ids).subspan(begin, size), wanted);
    const std::vector<float> rows = text.draft(std::span(p.draft_next).subspan(begin, size));
    logits.insert(logits.end(), rows.begin(), rows.end());
  }
  EXPECT_LT(distance(logits, p.draft_logits).largest, kTolerance);
}

/// The folder's checkpoint as llama.cpp's converter would write it, had it kept the draft layer.
class ConvertedToGguf {
 public:
  explicit ConvertedToGguf(std::shared_ptr<const Checkpoint> original)
      : original_(std::move(original)) {
    CheckpointParts parts;
    parts.format = Checkpoint::Format::gguf;
    parts.source = "converted";
    parts.architecture = "deepseek2";
    copy_metadata(parts.metadata);
    for (const TensorInfo& tensor : original_->tensors())
      if (const std::string name = gguf_name(tensor.name); !name.empty()) {
        parts.tensors.push_back(tensor);
        parts.tensors.back().name = name;
      }
    for (int layer = 1; layer < kBlocks; ++layer)
      for (const char* matrix : {"gate", "up", "down"})
        parts.tensors.push_back(stacked(layer, matrix));
    checkpoint = *CheckpointBuilder::build(std::move(parts));
  }

  std::shared_ptr<const Checkpoint> checkpoint;

 private:
  static constexpr int kBlocks = 4;  // the draft layer among them

  void copy_metadata(Metadata& to) const {
    const Metadata& from = original_->metadata();
    const auto copy = [&](const char* key, const char* gguf_key) {
      to.set(std::string("deepseek2.") + gguf_key, from.all().find(key)->second);
    };
    copy("hidden_size", "embedding_length");
    copy("num_attention_heads", "attention.head_count");
    copy("q_lora_rank", "attention.q_lora_rank");
    copy("kv_lora_rank", "attention.kv_lora_rank");
    copy("qk_rope_head_dim", "rope.dimension_count");
    copy("v_head_dim", "attention.value_length");
    copy("rms_norm_eps", "attention.layer_norm_rms_epsilon");
    copy("rope_theta", "rope.freq_base");
    copy("rope_scaling.type", "rope.scaling.type");
    copy("rope_scaling.factor", "rope.scaling.factor");
    copy("rope_scaling.original_max_position_embeddings", "rope.scaling.original_context_length");
    copy("first_k_dense_replace", "leading_dense_block_count");
    copy("max_position_embeddings", "context_length");
    copy("intermediate_size", "feed_forward_length");
    copy("moe_intermediate_size", "expert_feed_forward_length");
    copy("n_routed_experts", "expert_count");
    copy("num_experts_per_tok", "expert_used_count");
    copy("n_shared_experts", "expert_shared_count");
    copy("n_group", "expert_group_count");
    copy("topk_group", "expert_group_used_count");
    copy("norm_topk_prob", "expert_weights_norm");
    copy("routed_scaling_factor", "expert_weights_scale");
    to.set("deepseek2.attention.key_length",
           *from.integer("qk_nope_head_dim") + *from.integer("qk_rope_head_dim"));
    to.set("deepseek2.expert_gating_func", int64_t{2});
    to.set("deepseek2.block_count", int64_t{kBlocks});
    to.set("deepseek2.nextn_predict_layers", int64_t{1});
  }

  /// Empty for the matrices of single experts.
  static std::string gguf_name(const std::string& name) {
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

  TensorInfo stacked(int layer, const char* matrix) {
    std::vector<std::byte>& bytes = storage_.emplace_back();
    TensorInfo stack;
    const int64_t n = *original_->metadata().integer("n_routed_experts");
    for (int64_t i = 0; i < n; ++i) {
      const TensorInfo& expert = *original_->find(
          fmt::format("model.layers.{}.mlp.experts.{}.{}_proj.weight", layer, i, matrix));
      bytes.insert(bytes.end(), expert.bytes.begin(), expert.bytes.end());
      stack = expert;
    }
    stack.name = fmt::format("blk.{}.ffn_{}_exps.weight", layer, matrix);
    stack.shape.insert(stack.shape.begin(), n);
    stack.bytes = bytes;
    return stack;
  }

  std::shared_ptr<const Checkpoint> original_;
  std::deque<std::vector<std::byte>> storage_;
};

TEST_F(GoldenDeepseekV3, DraftLayerOfAGgufFileIsOneOfItsBlocks) {
  auto original = Checkpoint::open(kFolder);
  ASSERT_TRUE(original) << original.error().message;
  const ConvertedToGguf gguf(*original);
  auto backend = std::make_unique<ReferenceBackend>(1);
  auto model = load_model(gguf.checkpoint, *backend, {.max_batch = kMaxBatch});
  ASSERT_TRUE(model) << model.error().message;
  loaded_ = {std::move(backend), std::move(*model)};
  EXPECT_EQ(loaded_.model->size().n_layers, 3);
  expect_golden_drafts();
  loaded_.model.reset();  // before the bytes of the checkpoint go
}

TEST(GoldenDeepseekV3Gguf, WithOneTensorForKeysAndValuesIsRead) {
  const std::filesystem::path stem = "tests/data/golden/gguf/deepseek-v3-Q8_0-oldkvb";
  auto loaded = load(stem.string() + ".gguf", std::make_unique<ReferenceBackend>(1), kMaxBatch);
  ASSERT_TRUE(loaded) << loaded.error().message;
  // Keys are rounded to f16 where they are turned around.
  constexpr float kRounding = 3e-2f;
  for (const GoldenPrompt& p : read_golden(stem.string() + ".golden.json",
                                           stem.string() + ".golden.safetensors", "_variant")) {
    ModelRunner text(*loaded, static_cast<int>(p.ids.size()));
    EXPECT_LT(distance(text.run(p.ids, p.positions, kMaxBatch), p.logits).largest, kRounding);
  }
}

}  // namespace
}  // namespace fathom::engine
