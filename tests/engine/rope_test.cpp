#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/checkpoint/builder.h"
#include "engine/models/rope_tables.h"

namespace fathom::engine {
namespace {

using ::testing::HasSubstr;

/// A checkpoint that is nothing but a configuration.
std::shared_ptr<const Checkpoint> with_metadata(Checkpoint::Format format, Metadata metadata) {
  CheckpointParts parts;
  parts.format = format;
  parts.source = "test";
  parts.architecture = "arch";
  parts.metadata = std::move(metadata);
  return *CheckpointBuilder::build(std::move(parts));
}

RopeScaling read(Checkpoint::Format format,
                 std::initializer_list<std::pair<const char*, Metadata::Value>> values) {
  Metadata metadata;
  for (const auto& [key, value] : values) metadata.set(key, value);
  const auto checkpoint = with_metadata(format, std::move(metadata));
  Fields fields(*checkpoint);
  const RopeScaling scaling = read_rope_scaling(fields);
  EXPECT_TRUE(fields.status()) << fields.status().error().message;
  return scaling;
}

/// How much of the unscaled frequency of pair `i` is left.
double kept(int i, int dim, double base, const RopeScaling& scaling) {
  return inverse_frequencies(dim, base, scaling)[i] / std::pow(base, -2.0 * i / dim);
}

std::string str(const char* text) { return text; }
constexpr auto kHuggingFace = Checkpoint::Format::hugging_face;
constexpr auto kGguf = Checkpoint::Format::gguf;

TEST(RopeTables, FallFromOneByTheBase) {
  const std::vector<float> f = inverse_frequencies(8, 10000, std::monostate{});
  EXPECT_EQ(f, (std::vector<float>{1.0f, 0.1f, 0.01f, 0.001f}));
}

TEST(RopeTables, LinearScalingSlowsEveryPair) {
  for (const int i : {0, 7, 15})
    EXPECT_NEAR(kept(i, 32, 100000, LinearScaling{4}), 0.25, 1e-7) << i;
}

TEST(RopeTables, Llama3ScalingKeepsShortWavesAndRampsToLongOnes) {
  // R1-Distill-Llama-8B; values by Meta's formula (Llama 3.1, apply_scaling).
  const Llama3Scaling s = {.factor = 8, .original_context = 8192};
  EXPECT_NEAR(kept(28, 128, 500000, s), 1.0, 1e-6);
  EXPECT_NEAR(kept(29, 128, 500000, s), 0.82816841, 1e-6);
  EXPECT_NEAR(kept(32, 128, 500000, s), 0.37112228, 1e-6);
  EXPECT_NEAR(kept(35, 128, 500000, s), 0.125, 1e-6);
}

TEST(RopeTables, YarnInterpolatesBetweenPairTenAndTwentyThreeInDeepseekV3) {
  const YarnScaling s = {.factor = 40, .original_context = 4096};
  EXPECT_NEAR(kept(10, 64, 10000, s), 1.0, 1e-6);
  EXPECT_NEAR(kept(11, 64, 10000, s), 0.925, 1e-6);
  EXPECT_NEAR(kept(22, 64, 10000, s), 0.1, 1e-6);
  EXPECT_NEAR(kept(23, 64, 10000, s), 0.025, 1e-6);
  EXPECT_NEAR(kept(31, 64, 10000, s), 0.025, 1e-6);
}

TEST(RopeTables, YarnMscaleGrowsWithTheLogarithmOfTheFactor) {
  EXPECT_EQ(yarn_mscale(1, 1), 1.0);
  EXPECT_NEAR(yarn_mscale(40, 1), 1.3688879, 1e-6);
  EXPECT_NEAR(yarn_mscale(40, 0.707), 1.2608038, 1e-6);
}

TEST(RopeScaling, IsReadFromConfigJson) {
  const RopeScaling scaling =
      read(kHuggingFace, {{"rope_scaling.type", str("yarn")},
                          {"rope_scaling.factor", int64_t{40}},
                          {"rope_scaling.original_max_position_embeddings", int64_t{4096}},
                          {"rope_scaling.mscale", 0.707},
                          {"rope_scaling.mscale_all_dim", 0.707}});
  const auto& yarn = std::get<YarnScaling>(scaling);
  EXPECT_EQ(yarn.factor, 40);
  EXPECT_EQ(yarn.original_context, 4096);
  EXPECT_EQ(yarn.beta_fast, 32);
  EXPECT_EQ(yarn.mscale_all_dim, 0.707);
  EXPECT_EQ(yarn.magnitude, 1) << "mscale and mscale_all_dim cancel out";
}

TEST(RopeScaling, IsReadFromTheParametersOfNewerConfigs) {
  const RopeScaling scaling = read(kHuggingFace, {{"rope_parameters.rope_type", str("linear")},
                                                  {"rope_parameters.factor", 4.0}});
  EXPECT_EQ(std::get<LinearScaling>(scaling).factor, 4);
}

TEST(RopeScaling, IsReadFromGguf) {
  const RopeScaling scaling =
      read(kGguf, {{"arch.rope.scaling.type", str("yarn")},
                   {"arch.rope.scaling.factor", 40.0},
                   {"arch.rope.scaling.original_context_length", int64_t{64}},
                   {"arch.rope.scaling.yarn_log_multiplier", 0.1}});
  const auto& yarn = std::get<YarnScaling>(scaling);
  EXPECT_NEAR(yarn.mscale_all_dim, 1.0, 1e-9);
  EXPECT_EQ(yarn.magnitude, 1);
  EXPECT_EQ(std::get<LinearScaling>(read(kGguf, {{"arch.rope.scale_linear", 4.0}})).factor, 4);
}

TEST(RopeScaling, OfAGgufFileWithAFactorAndNoTypeIsLinear) {
  EXPECT_EQ(std::get<LinearScaling>(read(kGguf, {{"arch.rope.scaling.factor", 4.0}})).factor, 4);
}

TEST(RopeScaling, IsAbsentWhereNothingIsSaid) {
  EXPECT_TRUE(std::holds_alternative<std::monostate>(read(kHuggingFace, {})));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(
      read(kGguf, {{"arch.rope.scaling.type", str("none")}})));
}

TEST(RopeScaling, OfAnUnknownTypeIsRefusedByName) {
  Metadata metadata;
  metadata.set("rope_scaling.type", str("longrope"));
  const auto checkpoint = with_metadata(kHuggingFace, std::move(metadata));
  Fields fields(*checkpoint);
  read_rope_scaling(fields);
  ASSERT_FALSE(fields.status());
  EXPECT_EQ(fields.status().error().code, ErrorCode::unsupported);
  EXPECT_THAT(fields.status().error().message, HasSubstr("longrope"));
}

TEST(RopeScaling, WithAnImpossibleFactorIsCorrupt) {
  Metadata metadata;
  metadata.set("rope_scaling.type", str("linear"));
  metadata.set("rope_scaling.factor", 0.0);
  const auto checkpoint = with_metadata(kHuggingFace, std::move(metadata));
  Fields fields(*checkpoint);
  read_rope_scaling(fields);
  ASSERT_FALSE(fields.status());
  EXPECT_EQ(fields.status().error().code, ErrorCode::corrupt);
  EXPECT_THAT(fields.status().error().message, HasSubstr("rope_scaling.factor"));
}

}  // namespace
}  // namespace fathom::engine
