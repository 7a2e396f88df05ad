// Configurations of DeepSeek's own architectures as they are released, and what old GGUF files of
// them leave out.

#include "engine/models/mla_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/checkpoint/builder.h"
#include "engine/model.h"
#include "engine/models/feed_forward_config.h"

namespace fathom::engine {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

using Values = std::vector<std::pair<std::string, Metadata::Value>>;

std::shared_ptr<const Checkpoint> with(Checkpoint::Format format, const std::string& prefix,
                                       const Values& values) {
  CheckpointParts parts;
  parts.format = format;
  parts.source = "test";
  parts.architecture = "arch";
  for (const auto& [key, value] : values) parts.metadata.set(prefix + key, value);
  return *CheckpointBuilder::build(std::move(parts));
}

/// The attention that V2 and V3 share, of config.json.
Values attention(double mscale) {
  return {{"hidden_size", int64_t{2048}},
          {"num_attention_heads", int64_t{16}},
          {"kv_lora_rank", int64_t{512}},
          {"qk_nope_head_dim", int64_t{128}},
          {"qk_rope_head_dim", int64_t{64}},
          {"v_head_dim", int64_t{128}},
          {"rms_norm_eps", 1e-6},
          {"rope_theta", int64_t{10000}},
          {"rope_scaling.type", std::string("yarn")},
          {"rope_scaling.factor", int64_t{40}},
          {"rope_scaling.original_max_position_embeddings", int64_t{4096}},
          {"rope_scaling.mscale", mscale},
          {"rope_scaling.mscale_all_dim", mscale}};
}

/// The same in GGUF, without yarn_log_multiplier.
Values gguf_attention() {
  return {{"embedding_length", int64_t{2048}},
          {"attention.head_count", int64_t{16}},
          {"attention.kv_lora_rank", int64_t{512}},
          {"attention.key_length_mla", int64_t{192}},
          {"attention.value_length_mla", int64_t{128}},
          {"rope.dimension_count", int64_t{64}},
          {"attention.layer_norm_rms_epsilon", 1e-6},
          {"rope.freq_base", 10000.0},
          {"rope.scaling.type", std::string("yarn")},
          {"rope.scaling.factor", 40.0},
          {"rope.scaling.original_context_length", int64_t{4096}}};
}

TEST(MlaConfig, ScalesTheSoftmaxBySquaredMscale) {
  for (const auto& [mscale, scale] : {std::pair(0.707, 0.114722), {1.0, 0.135234}}) {
    const auto checkpoint = with(Checkpoint::Format::hugging_face, "", attention(mscale));
    Fields fields(*checkpoint);
    const MlaConfig c = read_mla_config(fields, /*known_mscale=*/9);
    ASSERT_TRUE(fields.status()) << fields.status().error().message;
    EXPECT_NEAR(c.softmax_scale, scale, 1e-6);
    EXPECT_EQ(c.rope.magnitude, 1.0f);
    EXPECT_EQ(c.rope.layout, RopeLayout::interleaved);
    EXPECT_EQ(c.q_lora, 0);
    EXPECT_EQ(c.cache_width(), 576);
    EXPECT_TRUE(fields.notes()->empty());
  }
}

TEST(MlaConfig, FillsInTheMscaleOfItsGenerationWhereAGgufFileHasNone) {
  for (const auto& [mscale, scale] : {std::pair(0.707, 0.114722), {1.0, 0.135234}}) {
    const auto checkpoint = with(Checkpoint::Format::gguf, "arch.", gguf_attention());
    Fields fields(*checkpoint);
    const MlaConfig c = read_mla_config(fields, mscale);
    ASSERT_TRUE(fields.status()) << fields.status().error().message;
    EXPECT_NEAR(c.softmax_scale, scale, 1e-6);
    EXPECT_EQ(c.rope.magnitude, 1.0f);
    EXPECT_THAT(*fields.notes(), Contains(HasSubstr("yarn_log_multiplier is missing")));
  }
}

Values gguf_experts(int64_t n) {
  return {{"embedding_length", int64_t{64}},
          {"feed_forward_length", int64_t{64}},
          {"expert_feed_forward_length", int64_t{64}},
          {"expert_shared_count", int64_t{1}},
          {"expert_count", n},
          {"expert_used_count", int64_t{6}}};
}

TEST(FeedForwardConfig, FillsInTheGroupsOfAKnownModelWhereAGgufFileHasNone) {
  constexpr KnownGroups kKnown = {.n_experts = 160, .n_groups = 8, .n_active_groups = 3};
  const auto checkpoint = with(Checkpoint::Format::gguf, "arch.", gguf_experts(160));
  Fields fields(*checkpoint);
  const RouterConfig router = read_feed_forward(fields, {}, kKnown).router;
  ASSERT_TRUE(fields.status()) << fields.status().error().message;
  EXPECT_EQ(router.n_groups, 8);
  EXPECT_EQ(router.n_active_groups, 3);
  EXPECT_THAT(*fields.notes(), Contains(HasSubstr("160 has 8 groups, of which 3 are used")));
}

TEST(FeedForwardConfig, LeavesTheExpertsOfOtherModelsInOneGroup) {
  constexpr KnownGroups kKnown = {.n_experts = 160, .n_groups = 8, .n_active_groups = 3};
  const auto checkpoint = with(Checkpoint::Format::gguf, "arch.", gguf_experts(64));
  Fields fields(*checkpoint);
  EXPECT_EQ(read_feed_forward(fields, {}, kKnown).router.n_groups, 1);
  EXPECT_TRUE(fields.notes()->empty());
}

}  // namespace
}  // namespace fathom::engine
