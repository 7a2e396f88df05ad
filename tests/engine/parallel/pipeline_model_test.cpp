// Every golden checkpoint, its layers on up to three devices: bit for bit what one computes.

#include "engine/parallel/pipeline_model.h"

#include <algorithm>
#include <filesystem>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/reference/reference_backend.h"
#include "tests/engine/parallel/sharded_models.h"
#include "tests/support/after_some.h"
#include "tests/support/full_backend.h"
#include "tests/support/golden.h"
#include "tests/support/golden_cases.h"

namespace fathom::engine {
namespace {

using test::AfterSome;
using ::testing::HasSubstr;

constexpr int kMaxBatch = 300;

std::vector<GoldenCase> all_cases() {
  std::vector<GoldenCase> cases = gqa_cases();
  for (GoldenCase& golden : deepseek_cases()) cases.push_back(std::move(golden));
  return cases;
}

std::vector<LayerRange> ranges_of(int n_stages, int n_layers) {
  std::vector<LayerRange> ranges;
  for (int i = 0; i < n_stages; ++i)
    ranges.push_back({n_layers * i / n_stages, n_layers * (i + 1) / n_stages});
  return ranges;
}

Result<ShardedModels> load_pipeline(const std::filesystem::path& path, Backends backends,
                                    int n_layers, const ModelOptions& options) {
  FATHOM_TRY(checkpoint, Checkpoint::open(path));
  const std::vector<LayerRange> ranges = ranges_of(static_cast<int>(backends.size()), n_layers);
  std::vector<Stage> stages;
  for (size_t i = 0; i < ranges.size(); ++i) stages.push_back({backends[i].get(), ranges[i]});
  FATHOM_TRY(model, load_pipeline_model(checkpoint, stages, options));
  std::unique_ptr<Backend> first = std::move(backends.front());
  backends.erase(backends.begin());
  return ShardedModels{std::move(backends), {std::move(first), std::move(model)}};
}

class GoldenPipeline : public ::testing::TestWithParam<std::tuple<GoldenCase, int>> {};

TEST_P(GoldenPipeline, HasTheBitsOfOneDevice) {
  const auto& [golden, n_stages] = GetParam();
  if (!std::filesystem::exists(golden.path))
    GTEST_SKIP() << golden.path << " is not here; set FATHOM_SHARED to where it is";
  auto whole = load(golden.path, std::make_unique<ReferenceBackend>(1), kMaxBatch);
  ASSERT_TRUE(whole) << whole.error().message;
  const ModelSize& size = whole->model->size();
  const int n = std::min(n_stages, size.n_layers);
  auto pipeline = load_pipeline(golden.path, backends_of<ReferenceBackend>(n, 1), size.n_layers,
                                {.max_batch = kMaxBatch});
  ASSERT_TRUE(pipeline) << pipeline.error().message;
  Model& model = *pipeline->loaded.model;

  // Factors of the rotary embedding, which some files have, are every stage's.
  EXPECT_NEAR(static_cast<double>(model.size().n_parameters),
              static_cast<double>(size.n_parameters), 100);
  EXPECT_EQ(model.size().bytes_per_token, size.bytes_per_token);
  EXPECT_EQ(model.size().expert_bytes_per_token, size.expert_bytes_per_token);
  EXPECT_THAT(model.cache_widths(), testing::ElementsAreArray(whole->model->cache_widths()));
  EXPECT_EQ(model.can_draft(), whole->model->can_draft());

  const GoldenPrompt p = read_golden(golden.json, golden.safetensors).at(2);
  const auto run = [&p](LoadedModel& loaded) {
    ModelRunner text(loaded, static_cast<int>(p.ids.size()));
    std::vector<float> logits = text.run(p.ids, p.positions, kMaxBatch);
    if (loaded.model->can_draft() && !p.draft_next.empty())
      for (const float number : text.draft(p.draft_next)) logits.push_back(number);
    return logits;
  };
  EXPECT_EQ(run(pipeline->loaded), run(*whole));
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenPipeline,
                         ::testing::Combine(::testing::ValuesIn(all_cases()), ::testing::Values(3)),
                         [](const auto& param) {
                           return fmt::format("{}_on_{}", test_name(std::get<0>(param.param)),
                                              std::get<1>(param.param));
                         });

constexpr const char* kV3 = "tests/data/golden/deepseek-v3";  // 3 layers and one that drafts

TEST(PipelineModel, KeepsKeysAndValuesWhereTheLayersAre) {
  const auto pipeline =
      load_pipeline(kV3, backends_of<ReferenceBackend>(2, 1), 3, {.max_batch = 8});
  ASSERT_TRUE(pipeline) << pipeline.error().message;
  const Model& model = *pipeline->loaded.model;
  Backend* const first = pipeline->loaded.backend.get();
  Backend* const second = pipeline->others.front().get();
  const std::vector<Backend*> expected = {first, second, second, second};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(model.cache_backend(i), expected[i]) << i;
}

class LostBackend final : public ReferenceBackend {
 public:
  LostBackend() : ReferenceBackend(/*n_threads=*/1) {}
  Status download(std::span<float> host, Tensor x) override {
    if (lost) return fail(ErrorCode::device_lost, "the device is gone");
    return ReferenceBackend::download(host, x);
  }
  bool lost = false;
};

Status run_a_token(LoadedModel& loaded, const Interrupt& interrupt) {
  KvMemory cache = KvMemory::allocate(*loaded.model, *loaded.backend, 1).value();
  constexpr TokenId kToken[] = {5};
  constexpr int32_t kZero[] = {0};
  const SequenceRows rows = {.first_row = 0, .n_rows = 1, .slots = kZero};
  return loaded.model->forward({.tokens = kToken,
                                .positions = kZero,
                                .slots = kZero,
                                .sequences = {&rows, 1},
                                .logit_rows = {}},
                               cache.store, {}, interrupt);
}

TEST(PipelineModel, IsInterruptedBetweenAnyTwoLayers) {
  auto pipeline = load_pipeline(kV3, backends_of<ReferenceBackend>(2, 1), 3, {.max_batch = 8});
  ASSERT_TRUE(pipeline) << pipeline.error().message;
  for (const int n_noes : {0, 1, 2})
    EXPECT_EQ(run_a_token(pipeline->loaded, AfterSome(n_noes)).error().code, ErrorCode::cancelled);
  EXPECT_TRUE(run_a_token(pipeline->loaded, AfterSome(3)));
}

TEST(PipelineModel, FailsWhereADeviceIsLost) {
  Backends backends = backends_of<LostBackend>(2);
  auto& first = static_cast<LostBackend&>(*backends.front());
  auto pipeline = load_pipeline(kV3, std::move(backends), 3, {.max_batch = 8});
  ASSERT_TRUE(pipeline) << pipeline.error().message;
  EXPECT_TRUE(run_a_token(pipeline->loaded, AfterSome(100)));
  first.lost = true;
  EXPECT_EQ(run_a_token(pipeline->loaded, AfterSome(100)).error().code, ErrorCode::device_lost);
}

TEST(PipelineModel, DoesNotLoadIfAStageDoesNot) {
  Backends backends = backends_of<ReferenceBackend>(2, 1);
  backends[1] = std::make_unique<test::FullBackend>();
  const auto pipeline = load_pipeline(kV3, std::move(backends), 3, {.max_batch = 8});
  ASSERT_FALSE(pipeline);
  EXPECT_EQ(pipeline.error().code, ErrorCode::out_of_memory);
  EXPECT_THAT(pipeline.error().message, HasSubstr("no room for"));
}

}  // namespace
}  // namespace fathom::engine
