// Which models load, and what is said of those that do not.

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/checkpoint/builder.h"
#include "engine/model.h"
#include "engine/reference/reference_backend.h"
#include "tests/support/after_some.h"
#include "tests/support/golden.h"
#include "tests/support/model_runner.h"

namespace fathom::engine {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

constexpr const char* kDeepseekV3 = "tests/data/golden/deepseek-v3";
constexpr const char* kDeepseekV4 = "tests/data/golden/deepseek-v4-fp4";
constexpr const char* kDeepseekV3Gguf = "tests/data/golden/gguf/deepseek-v3-Q8_0.gguf";
constexpr const char* kDeepseekV2Gguf = "tests/data/golden/gguf/deepseek-v2-Q8_0.gguf";
constexpr const char* kDeepseekMoeGguf = "tests/data/golden/gguf/deepseek-moe-Q8_0.gguf";
constexpr const char* kLlama = "tests/data/golden/llama3-rope";
constexpr const char* kQwen2 = "tests/data/golden/qwen2-tied";

std::shared_ptr<const Checkpoint> open(const std::filesystem::path& path) {
  auto checkpoint = Checkpoint::open(path);
  EXPECT_TRUE(checkpoint) << checkpoint.error().message;
  return *checkpoint;
}

/// A copy of `original`, which must outlive it, with another value of `key`.
std::shared_ptr<const Checkpoint> edited(const Checkpoint& original, const std::string& key,
                                         Metadata::Value value) {
  CheckpointParts parts;
  parts.format = original.format();
  parts.source = original.source();
  parts.architecture = original.architecture();
  parts.metadata = original.metadata();
  parts.metadata.set(key, std::move(value));
  parts.tensors.assign(original.tensors().begin(), original.tensors().end());
  return *CheckpointBuilder::build(std::move(parts));
}

void expect_refused(std::shared_ptr<const Checkpoint> checkpoint, ErrorCode code,
                    const std::string& what) {
  ReferenceBackend backend(1);
  const auto model = load_model(std::move(checkpoint), backend, {.max_batch = 4});
  ASSERT_FALSE(model) << "should say: " << what;
  EXPECT_EQ(model.error().code, code);
  EXPECT_THAT(model.error().message, HasSubstr(what));
}

TEST(Registry, NamesTheArchitecturesThatItHasWhenItLacksOne) {
  CheckpointParts parts;
  parts.source = "m.gguf";
  parts.architecture = "mamba";
  const auto checkpoint = *CheckpointBuilder::build(std::move(parts));
  expect_refused(checkpoint, ErrorCode::unsupported,
                 "m.gguf: architecture \"mamba\" is not supported; fathom runs llama, qwen2, "
                 "deepseek, deepseek2");
  const auto status = check_architecture(*checkpoint);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::unsupported);
}

TEST(Registry, ChecksAnArchitectureWithoutLoadingIt) {
  for (const char* path : {kDeepseekV3, kDeepseekV3Gguf, kDeepseekV2Gguf, kDeepseekMoeGguf,
                           kDeepseekV4, kLlama, kQwen2})
    EXPECT_TRUE(check_architecture(*open(path))) << path;
}

TEST(Registry, RefusesABatchOfNothing) {
  ReferenceBackend backend(1);
  const auto model = load_model(open(kLlama), backend, {.max_batch = 0});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::invalid_argument);
}

TEST(Registry, RefusesWhatTheseArchitecturesDoNotCover) {
  const auto v3 = open(kDeepseekV3);
  const auto v3_gguf = open(kDeepseekV3Gguf);
  const auto llama = open(kLlama);
  const auto qwen2 = open(kQwen2);
  const auto unsupported = [](std::shared_ptr<const Checkpoint> original, const char* key,
                              Metadata::Value value, const char* what) {
    expect_refused(edited(*original, key, std::move(value)), ErrorCode::unsupported, what);
  };
  unsupported(v3, "scoring_func", std::string("softmax"), "otherwise than DeepSeek-V3");
  unsupported(v3, "use_mla", false, "use_mla");
  unsupported(v3_gguf, "deepseek2.expert_gating_func", int64_t{4}, "expert_gating_func 4");
  unsupported(v3, "moe_layer_freq", int64_t{2}, "moe_layer_freq");
  unsupported(v3, "n_group", int64_t{5}, "is not a routing");
  unsupported(llama, "attention_bias", true, "attention_bias");
  unsupported(llama, "hidden_act", std::string("gelu"), "hidden_act");
  unsupported(llama, "num_key_value_heads", int64_t{4}, "heads");
  unsupported(qwen2, "use_sliding_window", true, "use_sliding_window");
}

TEST(Registry, CallsImpossibleConfigurationsCorrupt) {
  const auto v3 = open(kDeepseekV3);
  const auto corrupt = [&](const char* key, Metadata::Value value, const char* what) {
    expect_refused(edited(*v3, key, std::move(value)), ErrorCode::corrupt, what);
  };
  corrupt("num_hidden_layers", int64_t{0}, "num_hidden_layers has an impossible value");
  corrupt("num_hidden_layers", int64_t{1} << 40, "num_hidden_layers");
  corrupt("num_hidden_layers", int64_t{7}, "model.layers.4.input_layernorm.weight is missing");
  corrupt("num_experts_per_tok", int64_t{17}, "num_experts_per_tok");
  corrupt("first_k_dense_replace", int64_t{-1}, "first_k_dense_replace");
  corrupt("rms_norm_eps", 0.0, "rms_norm_eps");
  corrupt("routed_scaling_factor", std::string("much"), "routed_scaling_factor");
  corrupt("kv_lora_rank", int64_t{64}, "expected [80, 64]");
  corrupt("vocab_size", int64_t{511}, "model.embed_tokens.weight has shape [512, 64]");
}

TEST(Registry, NamesTheTensorTypeThatItCannotComputeWith) {
  const auto path = shared_folder() / "golden" / "gguf" / "mixed-all-quants.gguf";
  if (!std::filesystem::exists(path))
    GTEST_SKIP() << path << " is not here; set FATHOM_SHARED to where it is";
  expect_refused(open(path), ErrorCode::unsupported, "has type IQ2_");
}

TEST(Model, KnowsItsSize) {
  auto loaded = load("models/nano/fathom-nano.gguf", std::make_unique<ReferenceBackend>(1), 1);
  ASSERT_TRUE(loaded) << loaded.error().message;
  const ModelSize& size = loaded->model->size();
  EXPECT_EQ(size.n_layers, 8);
  EXPECT_EQ(size.dim, 256);
  EXPECT_EQ(size.vocab_size, 8192);
  EXPECT_EQ(size.context_length, 4096);
  // Its card: 30.2 M parameters, of which 8.9 M work per token, the table's row included.
  EXPECT_NEAR(double(size.n_parameters), 30.2e6, 0.1e6);
  EXPECT_GT(size.bytes_per_token, 5'000'000u);
  EXPECT_LT(size.bytes_per_token, 9'000'000u);
  EXPECT_THAT(loaded->model->cache_widths(), Each(160));
  EXPECT_EQ(loaded->model->cache_widths().size(), 8u);
  EXPECT_FALSE(loaded->model->can_draft());
}

class ModelOf : public ::testing::TestWithParam<const char*> {};

TEST_P(ModelOf, LooksForAnInterruptBeforeEachLayer) {
  auto loaded = load(GetParam(), std::make_unique<ReferenceBackend>(1), 1);
  ASSERT_TRUE(loaded) << loaded.error().message;
  Model& model = *loaded->model;
  std::vector<std::vector<float>> rows;
  KvStore cache;
  for (const int width : model.cache_widths())
    cache.layers.push_back(Tensor{rows.emplace_back(width).data(), 1, width, width});
  const TokenId tokens[] = {0};
  const int32_t first[] = {0};
  const SequenceRows sequence = {.n_rows = 1, .slots = first};
  const Batch batch = {.tokens = tokens,
                       .positions = first,
                       .slots = first,
                       .sequences = {&sequence, 1},
                       .logit_rows = first};
  std::vector<float> logits(model.size().vocab_size);
  for (int layer = 0; layer < model.size().n_layers; ++layer) {
    const Status status = model.forward(batch, cache, logits, test::AfterSome(layer));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::cancelled);
  }
  EXPECT_TRUE(model.forward(batch, cache, logits, test::AfterSome(model.size().n_layers)));
}

INSTANTIATE_TEST_SUITE_P(Family, ModelOf, ::testing::Values(kDeepseekV3, kDeepseekV4, kLlama),
                         [](const auto& param) { return fmt::format("{}", param.index); });

}  // namespace
}  // namespace fathom::engine
