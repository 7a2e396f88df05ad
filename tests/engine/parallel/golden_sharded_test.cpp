// Every golden checkpoint, shared by 2, 4 and 8 ranks: the tiny models have 1 to 6 heads, 5 units
// of hidden numbers or fewer, and 6 to 16 experts, so that each kind of part is cut evenly,
// unevenly, or not at all, in some of them.

#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "engine/cpu/cpu_backend.h"
#include "engine/cpu/cpu_variant.h"
#include "engine/reference/reference_backend.h"
#include "tests/engine/parallel/sharded_models.h"
#include "tests/support/golden.h"
#include "tests/support/golden_cases.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;

// As that of one rank (golden_suite.h): parts of sums are f32 more often, in another order.
constexpr float kTolerance = 2e-4f;
constexpr int kMaxBatch = 300;

std::vector<GoldenCase> all_cases() {
  std::vector<GoldenCase> cases = gqa_cases();
  for (GoldenCase& golden : deepseek_cases()) cases.push_back(std::move(golden));
  return cases;
}

/// Each network once: those of the GGUF files are the same, and number types are another matter
/// than how many rows are computed together.
std::vector<GoldenCase> networks() {
  std::vector<GoldenCase> cases = gqa_cases();
  std::erase_if(cases, [](const GoldenCase& golden) { return golden.path.extension() == ".gguf"; });
  for (GoldenCase& golden : deepseek_folders()) cases.push_back(std::move(golden));
  return cases;
}

class GoldenSharded : public ::testing::TestWithParam<std::tuple<GoldenCase, int>> {
 protected:
  const GoldenCase& golden() const { return std::get<0>(GetParam()); }
  int n_ranks() const { return std::get<1>(GetParam()); }

  void SetUp() override {
    if (!fs::exists(golden().path))
      GTEST_SKIP() << golden().path << " is not here; set FATHOM_SHARED to where it is";
    prompts_ = read_golden(golden().json, golden().safetensors);
    ASSERT_EQ(prompts_.size(), 4u);
  }
  void open(Backends backends) {
    auto sharded = load_sharded(golden().path, std::move(backends), {.max_batch = kMaxBatch});
    ASSERT_TRUE(sharded) << sharded.error().message;
    sharded_ = std::move(*sharded);
  }
  void open_on_reference() { open(backends_of<ReferenceBackend>(n_ranks(), /*n_threads=*/1)); }
  ModelRunner runner(const GoldenPrompt& p) {
    return {sharded_.loaded, static_cast<int>(p.ids.size() + p.greedy.size())};
  }

  std::vector<GoldenPrompt> prompts_;
  ShardedModels sharded_;
};

TEST_P(GoldenSharded, LogitsAndGreedyTextAreThoseOfTheOriginal) {
  open_on_reference();
  if (HasFailure()) return;
  for (const GoldenPrompt& p : prompts_) {
    ModelRunner text = runner(p);
    const std::vector<float> logits = text.run(p.ids, p.positions, kMaxBatch);
    EXPECT_LT(distance(logits, p.logits).largest, kTolerance);
    const std::vector<float> last(logits.end() - sharded_.loaded.model->size().vocab_size,
                                  logits.end());
    EXPECT_EQ(text.greedy(last, static_cast<int>(p.greedy.size())), p.greedy);
  }
}

class NetworkSharded : public GoldenSharded {};

TEST_P(NetworkSharded, ChunksOfThePromptDoNotChangeABit) {
  open_on_reference();
  if (HasFailure()) return;
  const GoldenPrompt& p = prompts_.back();
  const std::vector<float> whole = runner(p).run(p.ids, p.positions, kMaxBatch);
  for (const int chunk : {50, 64})  // of one token: the greedy text's
    EXPECT_EQ(runner(p).run(p.ids, p.positions, chunk), whole) << "chunks of " << chunk;
}

// Without ShardedModel, as ranks in processes of their own would.
TEST_P(GoldenSharded, AllRanksComputeTheSameBits) {
  const GoldenPrompt& p = prompts_[2];
  auto communicators = make_thread_communicators(n_ranks());
  std::vector<std::vector<float>> logits(n_ranks());
  {
    std::vector<std::jthread> ranks;
    for (int rank = 0; rank < n_ranks(); ++rank)
      ranks.emplace_back([&, rank] {
        auto loaded = load(golden().path, std::make_unique<ReferenceBackend>(1),
                           {.max_batch = kMaxBatch, .ranks = communicators[rank].get()});
        if (!loaded) {
          communicators[rank]->abort(loaded.error());
          FAIL() << loaded.error().message;
        }
        ModelRunner text(*loaded, static_cast<int>(p.ids.size()));
        logits[rank] = text.run(p.ids, p.positions, kMaxBatch);
      });
  }
  for (int rank = 1; rank < n_ranks(); ++rank) EXPECT_EQ(logits[rank], logits[0]) << rank;
}

TEST_P(GoldenSharded, OnTheCpuLogitsAreNearThoseOfTheOriginal) {
  const auto variant = cpu::choose_cpu_variant("");
  if (!variant) GTEST_SKIP() << variant.error().message;
  open(backends_of<cpu::CpuBackend>(n_ranks(), **variant, /*n_threads=*/1));
  if (HasFailure()) return;
  for (const GoldenPrompt& p : prompts_) {
    const Distance far = distance(runner(p).run(p.ids, p.positions, kMaxBatch), p.logits);
    if (golden().is_quantised)
      EXPECT_LT(far.mean, golden().rounded_tolerance);
    else
      EXPECT_LT(far.largest, kTolerance);
  }
}

std::string param_name(const ::testing::TestParamInfo<std::tuple<GoldenCase, int>>& param) {
  return fmt::format("{}_on_{}", test_name(std::get<0>(param.param)), std::get<1>(param.param));
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenSharded,
                         ::testing::Combine(::testing::ValuesIn(all_cases()),
                                            ::testing::Values(2, 4, 8)),
                         param_name);

INSTANTIATE_TEST_SUITE_P(Models, NetworkSharded,
                         ::testing::Combine(::testing::ValuesIn(networks()),
                                            ::testing::Values(2, 4, 8)),
                         param_name);

class GoldenShardedDrafts : public ::testing::TestWithParam<int> {};

TEST_P(GoldenShardedDrafts, AreThoseOfTheOriginal) {
  const fs::path folder = "tests/data/golden/deepseek-v3";
  auto sharded =
      load_sharded(folder, backends_of<ReferenceBackend>(GetParam(), 1), {.max_batch = kMaxBatch});
  ASSERT_TRUE(sharded) << sharded.error().message;
  ASSERT_TRUE(sharded->loaded.model->can_draft());
  for (const GoldenPrompt& p : read_golden(folder / "golden.json", folder / "golden.safetensors")) {
    ModelRunner text(sharded->loaded, static_cast<int>(p.ids.size()));
    text.run(p.ids, p.positions, kMaxBatch);
    EXPECT_LT(distance(text.draft(p.draft_next), p.draft_logits).largest, kTolerance);
  }
}

TEST_P(GoldenShardedDrafts, KeysAndValuesInOneTensorAreCutByHeads) {
  const fs::path stem = "tests/data/golden/gguf/deepseek-v3-Q8_0-oldkvb";
  const std::string path = stem.string() + ".gguf";
  auto sharded =
      load_sharded(path, backends_of<ReferenceBackend>(GetParam(), 1), {.max_batch = kMaxBatch});
  auto whole = load(path, std::make_unique<ReferenceBackend>(1), {.max_batch = kMaxBatch});
  ASSERT_TRUE(sharded && whole);
  for (const GoldenPrompt& p : read_golden(stem.string() + ".golden.json",
                                           stem.string() + ".golden.safetensors", "_variant")) {
    const int n = static_cast<int>(p.ids.size());
    const auto expected = ModelRunner(*whole, n).run(p.ids, p.positions, kMaxBatch);
    const auto logits = ModelRunner(sharded->loaded, n).run(p.ids, p.positions, kMaxBatch);
    EXPECT_LT(distance(logits, expected).largest, kTolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(Ranks, GoldenShardedDrafts, ::testing::Values(2, 4, 8));

}  // namespace
}  // namespace fathom::engine
