// What only DeepSeek-V3 has: the draft layer, and layouts of its files.

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "engine/reference/reference_backend.h"
#include "tests/support/converted_to_gguf.h"
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

TEST_F(GoldenDeepseekV3, DraftLayerOfAGgufFileIsOneOfItsBlocks) {
  auto original = Checkpoint::open(kFolder);
  ASSERT_TRUE(original) << original.error().message;
  const ConvertedToGguf gguf(*original, "deepseek2");
  auto backend = std::make_unique<ReferenceBackend>(1);
  auto model = load_model(gguf.build(), *backend, {.max_batch = kMaxBatch});
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
