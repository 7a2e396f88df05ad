// What models cost, against what their makers state and what the engine finds when it loads them.

#include "engine/plan/model_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/checkpoint/builder.h"
#include "engine/model.h"
#include "engine/reference/reference_backend.h"

namespace fathom::engine {
namespace {

using ::testing::HasSubstr;

ModelParts shape(const char* name, const char* quant) {
  auto parts = make_model_parts(name, quant);
  EXPECT_TRUE(parts) << parts.error().message;
  return parts.value_or(ModelParts());
}

double billions(int64_t n) { return static_cast<double>(n) / 1e9; }

TEST(ModelParts, OfV2LiteAreThoseOfItsMakers) {
  const ModelParts bf16 = shape("v2-lite", "bf16");
  EXPECT_NEAR(billions(n_parameters(bf16)), 15.706, 0.001);
  EXPECT_NEAR(billions(passed_by_token(bf16).n_parameters), 2.4516, 0.0002);
  EXPECT_NEAR(billions(passed_by_token(bf16).n_bytes), 4.90, 0.01);
  EXPECT_EQ(cache_bytes_per_token(bf16, DType::bf16), 27 * 576 * 2);
  EXPECT_EQ(cache_bytes_per_token(bf16, DType::q8_0), 27 * 576 / 32 * 34);
  // 8.5 bits a parameter, 32 of the routers'.
  EXPECT_NEAR(billions(passed_by_token(shape("v2-lite", "q8_0")).n_bytes), 2.605 + 0.010, 0.001);
}

TEST(ModelParts, OfV3AreThoseOfItsMakers) {
  const ModelParts fp8 = shape("v3", "fp8");
  EXPECT_NEAR(billions(n_parameters(fp8)), 671.03, 0.01);
  EXPECT_NEAR(billions(passed_by_token(fp8).n_parameters), 36.6, 0.05);
  // A byte a parameter; head, embeddings and routers take two, factors of blocks 1/4096 more.
  EXPECT_NEAR(billions(passed_by_token(fp8).n_bytes), 36.6 + 0.93 + 0.11, 0.05);
  EXPECT_NEAR(billions(weight_bytes(fp8)), 671.03 + 0.93 * 2 + 0.11 + 0.16, 0.05);
  EXPECT_EQ(cache_bytes_per_token(fp8, DType::bf16), 61 * 576 * 2);
  EXPECT_EQ(fp8.n_layers, 61);
  EXPECT_EQ(fp8.cache_type, DType::bf16);
}

// Multiplications of attention for a query and a key: V2-Lite's 16 heads multiply 512 + 64 numbers
// for the score and 512 for the result; Coder's multiply as many as there are in a hidden state.
TEST(ModelParts, KnowWhatAttentionCosts) {
  EXPECT_EQ(shape("v2-lite", "bf16").layers[5].pair_products, 16 * (576 + 512));
  EXPECT_EQ(shape("1.3b", "bf16").layers[5].pair_products, 2 * 2048);
}

TEST(ModelParts, OfAFileAreWhatTheEngineFindsWhenItLoadsIt) {
  const char* models[] = {"models/nano/fathom-nano.gguf",
                          "tests/data/golden/deepseek-v3",
                          "tests/data/golden/deepseek-v32",
                          "tests/data/golden/llama3-rope",
                          "tests/data/golden/qwen2-tied",
                          "tests/data/golden/gguf/deepseek-moe-Q8_0.gguf",
                          "tests/data/golden/gguf/deepseek-v3-Q8_0-oldkvb.gguf"};
  for (const char* path : models) {
    const auto checkpoint = Checkpoint::open(path);
    ASSERT_TRUE(checkpoint) << path;
    const auto parts = read_model_parts(**checkpoint);
    ASSERT_TRUE(parts) << parts.error().message;
    ReferenceBackend backend(1);
    const auto model = load_model(*checkpoint, backend, {});
    ASSERT_TRUE(model) << model.error().message;

    std::vector<int> widths;
    int64_t n = n_parameters(*parts);
    for (const LayerParts& layer : parts->layers) {
      widths.push_back(static_cast<int>(layer.cache_width));
      if (layer.is_draft)  // which the engine does not count
        for (const Piece& piece : layer.pieces) n -= piece.n_parameters;
    }
    EXPECT_THAT(widths, testing::ElementsAreArray((*model)->cache_widths())) << path;
    EXPECT_EQ(n, (*model)->size().n_parameters) << path;
    EXPECT_EQ(parts->n_layers, (*model)->size().n_layers) << path;
    EXPECT_EQ(parts->tied, std::string(path).ends_with("tied")) << path;
    EXPECT_EQ(parts->cache_type, DType::f32) << path;  // they are small
  }
}

TEST(ModelParts, WithoutAPurposeOrWeightsAreRefused) {
  const auto message = [](const std::string& path) {
    const auto checkpoint = Checkpoint::open(path);
    EXPECT_TRUE(checkpoint);
    return read_model_parts(**checkpoint).error().message;
  };
  EXPECT_THAT(message("tests/data/golden/deepseek-v4-fp4"), HasSubstr("cannot be planned"));
  CheckpointParts none;
  none.source = "none";
  EXPECT_EQ(read_model_parts(**CheckpointBuilder::build(std::move(none))).error().code,
            ErrorCode::not_found);
}

TEST(ModelParts, OfAHostileFileAreAnError) {
  const auto read = [](Metadata::Value n_experts, std::vector<TensorInfo> tensors) {
    CheckpointParts parts;
    parts.source = "hostile";
    parts.architecture = "x";
    for (const char* key : {"embedding_length", "context_length", "attention.head_count"})
      parts.metadata.set(std::string("x.") + key, int64_t{1});
    parts.metadata.set("x.expert_count", n_experts);
    parts.metadata.set("x.expert_used_count", int64_t{1});
    parts.tensors = std::move(tensors);
    parts.tensors.push_back({.name = "token_embd.weight", .shape = {1, 1}});
    const auto result = read_model_parts(**CheckpointBuilder::build(std::move(parts)));
    return result ? "read" : result.error().message;
  };
  const TensorInfo attention = {.name = "blk.0.attn_kv_a_mqa.weight", .shape = {4, 1}};
  const TensorInfo experts = {.name = "blk.0.ffn_up_exps.weight", .shape = {2, 1, 1}};
  EXPECT_EQ(read(int64_t{2}, {attention, experts}), "read");
  EXPECT_THAT(read(int64_t{0}, {attention, experts}), HasSubstr("experts"));
  EXPECT_THAT(read(int64_t{-1}, {attention, experts}), HasSubstr("impossible"));
  EXPECT_THAT(read(int64_t{2}, {experts}), HasSubstr("no attention"));
  EXPECT_THAT(read(int64_t{2}, {}), HasSubstr("no layers"));
  TensorInfo far = attention, wide = attention;
  far.name = "blk.2147483647.attn_kv_a_mqa.weight";
  wide.shape = {int64_t{1} << 40, 1};
  EXPECT_THAT(read(int64_t{2}, {attention, far}), HasSubstr("too many"));
  EXPECT_THAT(read(int64_t{2}, {wide}), HasSubstr("impossible"));
}

TEST(ModelParts, LeaveOutFrequenciesThatFollowFromTheConfiguration) {
  CheckpointParts parts;
  parts.format = Checkpoint::Format::hugging_face;
  for (const char* key : {"hidden_size", "vocab_size", "max_position_embeddings"})
    parts.metadata.set(key, int64_t{8});
  parts.metadata.set("num_attention_heads", int64_t{2});
  parts.tensors = {{.name = "model.layers.0.self_attn.k_proj.weight", .shape = {8, 8}},
                   {.name = "model.layers.0.self_attn.v_proj.weight", .shape = {8, 8}},
                   {.name = "model.layers.0.self_attn.rotary_emb.inv_freq", .shape = {2}}};
  const auto model = read_model_parts(**CheckpointBuilder::build(std::move(parts)));
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(n_parameters(*model), 128);
  EXPECT_EQ(model->layers[0].cache_width, 16);
}

TEST(ModelParts, OfNoSuchShapeOrTypeSayWhatThereIs) {
  EXPECT_THAT(make_model_parts("70b", "bf16").error().message, HasSubstr("there are nano"));
  EXPECT_THAT(make_model_parts("v3", "q9").error().message, HasSubstr("there are fp8, f32"));
}

}  // namespace
}  // namespace fathom::engine
