// The built-in model on every backend and instruction set that this machine has.

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "engine/cpu/cpu_backend.h"
#include "engine/cpu/cpu_variant.h"
#include "engine/reference/reference_backend.h"
#include "tests/support/nano_golden.h"

namespace fathom::engine {
namespace {

constexpr const char* kModel = "models/nano/fathom-nano.gguf";
constexpr const char* kGolden = "models/nano/golden-gguf.json";

TEST(GoldenNano, OnTheReferenceBackendIsWhatTransformersComputes) {
  auto loaded = load(kModel, std::make_unique<ReferenceBackend>(/*n_threads=*/0), 128);
  ASSERT_TRUE(loaded) << loaded.error().message;
  // One prompt of each kind, and few tokens; golden_nano_slow_test has them all.
  std::string last_kind;
  for (NanoPrompt& prompt : read_nano_golden(kGolden)) {
    if (prompt.kind == last_kind) continue;
    last_kind = prompt.kind;
    prompt.greedy.resize(8);
    prompt.greedy_gaps.resize(8);
    expect_nano_golden(*loaded, prompt, {.logits = 2e-3f, .gap = 4e-3f});
  }
}

class GoldenNanoCpu : public ::testing::TestWithParam<const cpu::CpuVariant*> {
 protected:
  void SetUp() override {
    if (!GetParam()->is_supported()) GTEST_SKIP() << "this machine lacks " << GetParam()->name;
    auto loaded = load(kModel, std::make_unique<cpu::CpuBackend>(*GetParam(), /*n_threads=*/2),
                       /*max_batch=*/128);
    ASSERT_TRUE(loaded) << loaded.error().message;
    loaded_ = std::move(*loaded);
  }
  LoadedModel loaded_;
};

TEST_P(GoldenNanoCpu, IsNearWhatTransformersComputes) {
  // Activations are rounded to 8 bits before each matrix product. Measured: 0.025 on average; up to
  // 0.31 for the one prompt where that turns the choice of an expert.
  const NanoTolerance tolerance = {.logits = 0.5f, .gap = 0.3f};
  const std::vector<NanoPrompt> prompts = read_nano_golden(kGolden);
  double sum = 0;
  for (const NanoPrompt& prompt : prompts) sum += expect_nano_golden(loaded_, prompt, tolerance);
  EXPECT_LT(sum / static_cast<double>(prompts.size()), 0.05);
}

TEST_P(GoldenNanoCpu, ComputesTheSameBitsInChunksOfAnySize) {
  const NanoPrompt prompt = read_nano_golden(kGolden).back();
  const int n = static_cast<int>(prompt.ids.size());
  std::vector<int32_t> positions(n);
  for (int i = 0; i < n; ++i) positions[i] = i;
  const auto run = [&](int chunk) {
    return ModelRunner(loaded_, n).run(prompt.ids, positions, chunk);
  };
  const std::vector<float> whole = run(n);
  for (const int chunk : {1, 2, 7, 64}) EXPECT_EQ(run(chunk), whole) << "chunks of " << chunk;
}

std::string test_name(const ::testing::TestParamInfo<const cpu::CpuVariant*>& param) {
  std::string name(param.param->name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::vector<const cpu::CpuVariant*> variants() {
  std::vector<const cpu::CpuVariant*> all;
  for (const cpu::CpuVariant& variant : cpu::cpu_variants()) all.push_back(&variant);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Variants, GoldenNanoCpu, ::testing::ValuesIn(variants()), test_name);

}  // namespace
}  // namespace fathom::engine
