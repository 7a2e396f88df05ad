#include "engine/models/deepseek_v4_config.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/checkpoint/builder.h"

namespace fathom::engine {
namespace {

using ::testing::HasSubstr;

/// Three layers of the published shape (V4-Flash): a window, few tokens, many tokens.
Metadata flash() {
  Metadata m;
  m.set("hidden_size", int64_t{4096});
  m.set("num_hidden_layers", int64_t{3});
  m.set("num_attention_heads", int64_t{64});
  m.set("head_dim", int64_t{512});
  m.set("qk_rope_head_dim", int64_t{64});
  m.set("q_lora_rank", int64_t{1024});
  m.set("o_groups", int64_t{8});
  m.set("o_lora_rank", int64_t{1024});
  m.set("sliding_window", int64_t{128});
  m.set("index_n_heads", int64_t{64});
  m.set("index_head_dim", int64_t{128});
  m.set("index_topk", int64_t{512});
  m.set("rms_norm_eps", 1e-6);
  m.set("hc_mult", int64_t{4});
  m.set("hc_sinkhorn_iters", int64_t{20});
  m.set("hc_eps", 1e-6);
  m.set("moe_intermediate_size", int64_t{2048});
  m.set("n_routed_experts", int64_t{256});
  m.set("n_shared_experts", int64_t{1});
  m.set("num_experts_per_tok", int64_t{6});
  m.set("num_hash_layers", int64_t{1});
  m.set("routed_scaling_factor", 1.5);
  m.set("scoring_func", std::string("sqrtsoftplus"));
  m.set("swiglu_limit", 10.0);
  m.set("vocab_size", int64_t{129280});
  m.set("max_position_embeddings", int64_t{1048576});
  m.set("rope_theta", int64_t{10000});
  m.set("compress_rope_theta", int64_t{160000});
  m.set("rope_scaling.type", std::string("yarn"));
  m.set("rope_scaling.factor", int64_t{16});
  m.set("rope_scaling.original_max_position_embeddings", int64_t{65536});
  m.set("compress_ratios", std::vector<int64_t>{0, 4, 128, 0});
  return m;
}

struct ReadConfig {
  Status status;
  V4Config config;
};

ReadConfig read(Metadata metadata) {
  CheckpointParts parts;
  parts.format = Checkpoint::Format::hugging_face;
  parts.source = "folder";
  parts.metadata = std::move(metadata);
  const auto checkpoint = *CheckpointBuilder::build(std::move(parts));
  Fields fields(*checkpoint);
  V4Config config = read_v4_config(fields);
  return {fields.status(), std::move(config)};
}

TEST(DeepseekV4Config, SaysWhatEachLayerKeepsOfAToken) {
  const auto [status, c] = read(flash());
  ASSERT_TRUE(status) << status.error().message;
  ASSERT_EQ(c.attention_layers.size(), 4u);  // the draft layer's too
  constexpr int kKey = 512;
  constexpr int kFew = 2 * (2 * 512) + 512;  // numbers and gates of two halves, pooled key
  constexpr int kIndex = 2 * (2 * 128) + 128;
  constexpr int kMany = 2 * 512 + 512;
  EXPECT_EQ(c.attention_layers[0].cache_width(c.attention), kKey);
  EXPECT_EQ(c.attention_layers[1].cache_width(c.attention), kKey + kFew + kIndex);
  EXPECT_EQ(c.attention_layers[2].cache_width(c.attention), kKey + kMany);
  EXPECT_EQ(c.attention_layers[3].cache_width(c.attention), kKey);
  EXPECT_TRUE(c.expert_layers[0].has_table);
  EXPECT_FALSE(c.expert_layers[1].has_table);
}

TEST(DeepseekV4Config, StretchesOnlyTheRopeOfCompressedLayersAndNeverItsMagnitude) {
  const V4Config c = read(flash()).config;
  const Rope& near = c.attention_layers[0].rope;
  const Rope& compressed = c.attention_layers[1].rope;
  EXPECT_EQ(near.magnitude, 1.0f);
  EXPECT_EQ(compressed.magnitude, 1.0f);
  EXPECT_FLOAT_EQ(near.inverse_frequencies[31], std::pow(10000.0, -62 / 64.0));
  // YaRN's ramp runs from pair 15 to 25: before it frequencies stay, after it they are divided.
  EXPECT_FLOAT_EQ(compressed.inverse_frequencies[15], std::pow(160000.0, -30 / 64.0));
  EXPECT_LT(compressed.inverse_frequencies[16], std::pow(160000.0, -32 / 64.0));
  EXPECT_GT(compressed.inverse_frequencies[24], std::pow(160000.0, -48 / 64.0) / 16);
  EXPECT_FLOAT_EQ(compressed.inverse_frequencies[25], std::pow(160000.0, -50 / 64.0) / 16);
  EXPECT_EQ(c.attention_layers[1].inverse_rope.inverse_frequencies[3],
            -compressed.inverse_frequencies[3]);
}

TEST(DeepseekV4Config, ALimitOfZeroIsNone) {
  Metadata m = flash();
  m.set("swiglu_limit", 0.0);
  EXPECT_EQ(read(m).config.expert_layers[0].limit, kNoLimit);
  EXPECT_EQ(read(flash()).config.expert_layers[0].limit, 10.0f);
  EXPECT_EQ(read(flash()).config.expert_layers[3].shared_limit, 10.0f);
}

TEST(DeepseekV4Config, RefusesWhatItDoesNotCover) {
  const auto expect = [](const char* key, Metadata::Value value, ErrorCode code, const char* what) {
    Metadata m = flash();
    m.set(key, std::move(value));
    const Status status = read(std::move(m)).status;
    ASSERT_FALSE(status) << key;
    EXPECT_EQ(status.error().code, code) << key;
    EXPECT_THAT(status.error().message, HasSubstr(what));
  };
  expect("scoring_func", std::string("sigmoid"), ErrorCode::unsupported, "chooses experts");
  expect("compress_ratios", std::vector<int64_t>{0, 2, 1}, ErrorCode::unsupported,
         "compress_ratios of 2");
  expect("compress_ratios", std::vector<int64_t>{0, 4}, ErrorCode::unsupported,
         "2 numbers for 3 layers");
  expect("compress_ratios", std::vector<int64_t>{0, 4, -4}, ErrorCode::corrupt, "compress_ratios");
  expect("qk_rope_head_dim", int64_t{256}, ErrorCode::unsupported, "256 of them rotated");
  expect("o_groups", int64_t{7}, ErrorCode::unsupported, "64 heads in 7 groups");
  expect("hc_mult", int64_t{0}, ErrorCode::corrupt, "hc_mult");
  expect("swiglu_limit", -1.0, ErrorCode::corrupt, "swiglu_limit");
  expect("num_experts_per_tok", int64_t{257}, ErrorCode::corrupt, "num_experts_per_tok");
}

}  // namespace
}  // namespace fathom::engine
