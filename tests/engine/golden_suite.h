// Tiny checkpoints against the values of the original implementations, computed in f64 on the
// stored weights (tests/data/golden/README.md), on the reference backend and the best of the CPU's
// instruction sets (ops_test compares those with each other).
//
// A test binary includes this once and says which checkpoints: INSTANTIATE_GOLDEN(gqa_cases()).

#pragma once

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "engine/cpu/cpu_backend.h"
#include "engine/cpu/cpu_variant.h"
#include "engine/reference/reference_backend.h"
#include "tests/support/golden.h"
#include "tests/support/golden_cases.h"
#include "tests/support/model_runner.h"
#include "tests/support/recording_probe.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;

// Sums in another order and f32 activations; the logits have a deviation of 3.
constexpr float kTolerance = 2e-4f;
constexpr int kMaxBatch = 300;

/// The CPU rounds activations to 8 bits where the weights are quantised.
bool is_exact(const GoldenCase& c) { return !c.on_cpu || !c.is_quantised; }

std::vector<GoldenCase> on_each_device(std::vector<GoldenCase> cases) {
  const size_t n = cases.size();
  for (size_t i = 0; i < n; ++i) {
    cases.push_back(cases[i]);
    cases.back().on_cpu = true;
  }
  return cases;
}

std::vector<GoldenCase> those_that_are(bool exact, std::vector<GoldenCase> cases) {
  std::erase_if(cases, [&](const GoldenCase& c) { return is_exact(c) != exact; });
  return cases;
}

std::string param_name(const ::testing::TestParamInfo<GoldenCase>& param) {
  return test_name(param.param) + (param.param.on_cpu ? "_cpu" : "_reference");
}

class GoldenModel : public ::testing::TestWithParam<GoldenCase> {
 protected:
  void SetUp() override {
    if (!fs::exists(GetParam().path))
      GTEST_SKIP() << GetParam().path << " is not here; set FATHOM_SHARED to where it is";
    std::unique_ptr<Backend> backend;
    if (!GetParam().on_cpu) {
      backend = std::make_unique<ReferenceBackend>(/*n_threads=*/1);
    } else {
      const auto variant = cpu::choose_cpu_variant("");
      if (!variant) GTEST_SKIP() << variant.error().message;
      backend = std::make_unique<cpu::CpuBackend>(**variant, /*n_threads=*/1);
    }
    auto loaded = load(GetParam().path, std::move(backend), kMaxBatch);
    ASSERT_TRUE(loaded) << loaded.error().message;
    loaded_ = std::move(*loaded);
    prompts_ = read_golden(GetParam().json, GetParam().safetensors);
    ASSERT_EQ(prompts_.size(), 4u);
  }

  ModelRunner runner(const GoldenPrompt& p) {
    return {loaded_, static_cast<int>(p.ids.size() + p.greedy.size())};
  }

  LoadedModel loaded_;
  std::vector<GoldenPrompt> prompts_;
};

TEST_P(GoldenModel, ChunksOfThePromptDoNotChangeABit) {
  const GoldenPrompt& p = prompts_.back();
  const std::vector<float> whole = runner(p).run(p.ids, p.positions, kMaxBatch);
  for (const int chunk : {1, 7, 64})
    EXPECT_EQ(runner(p).run(p.ids, p.positions, chunk), whole) << "chunks of " << chunk;
}

TEST_P(GoldenModel, APrefixInTheCacheDoesNotChangeABit) {
  const GoldenPrompt& p = prompts_[2];
  const int32_t last[] = {static_cast<int32_t>(p.ids.size()) - 1};
  ModelRunner text = runner(p);
  const std::vector<float> first = text.run(p.ids, last, kMaxBatch);
  for (const int kept : {1, 17, static_cast<int>(p.ids.size()) - 1}) {
    text.truncate(kept);
    EXPECT_EQ(text.run(std::span(p.ids).subspan(kept), last, kMaxBatch), first) << kept;
  }
}

TEST_P(GoldenModel, AnotherTextInTheBatchDoesNotChangeABit) {
  const GoldenPrompt& a = prompts_[1];
  const GoldenPrompt& b = prompts_[2];
  EXPECT_EQ(run_together(loaded_, a.ids, b.ids), run_apart(loaded_, a.ids, b.ids));
}

class GoldenExact : public GoldenModel {};

TEST_P(GoldenExact, LogitsAndGreedyTextAreThoseOfTheOriginal) {
  for (const GoldenPrompt& p : prompts_) {
    SCOPED_TRACE(fmt::format("prompt of {} tokens", p.ids.size()));
    ModelRunner text = runner(p);
    const std::vector<float> logits = text.run(p.ids, p.positions, kMaxBatch);
    EXPECT_LT(distance(logits, p.logits).largest, kTolerance);
    ASSERT_GT(p.smallest_gap, 2 * kTolerance) << "this prompt cannot decide";
    const std::vector<float> last(logits.end() - loaded_.model->size().vocab_size, logits.end());
    EXPECT_EQ(text.greedy(last, static_cast<int>(p.greedy.size())), p.greedy);
  }
}

class GoldenRounded : public GoldenModel {};

TEST_P(GoldenRounded, LogitsAreNearThoseOfTheOriginal) {
  for (const GoldenPrompt& p : prompts_) {
    SCOPED_TRACE(fmt::format("prompt of {} tokens", p.ids.size()));
    const std::vector<float> logits = runner(p).run(p.ids, p.positions, kMaxBatch);
    EXPECT_LT(distance(logits, p.logits).mean, GetParam().rounded_tolerance);
  }
}

// NOLINTBEGIN(cppcoreguidelines-macro-usage): gtest's own macros need literal names.
#define INSTANTIATE_GOLDEN(cases)                                                             \
  INSTANTIATE_TEST_SUITE_P(Models, GoldenModel, ::testing::ValuesIn(on_each_device(cases)),   \
                           param_name);                                                       \
  INSTANTIATE_TEST_SUITE_P(Models, GoldenExact,                                               \
                           ::testing::ValuesIn(those_that_are(true, on_each_device(cases))),  \
                           param_name);                                                       \
  INSTANTIATE_TEST_SUITE_P(Models, GoldenRounded,                                             \
                           ::testing::ValuesIn(those_that_are(false, on_each_device(cases))), \
                           param_name)
// NOLINTEND(cppcoreguidelines-macro-usage)

}  // namespace
}  // namespace fathom::engine
