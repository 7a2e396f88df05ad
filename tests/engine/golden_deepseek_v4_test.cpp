// DeepSeek-V4 against the values of its golden checkpoints: what golden_deepseek_test does not look
// at, and what this model's way of remembering a text could get wrong.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/base/log.h"
#include "engine/engine_thread.h"
#include "engine/reference/reference_backend.h"
#include "tests/support/golden.h"
#include "tests/support/model_runner.h"
#include "tests/support/recording_probe.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;

// Sums in another order and f32 activations; the logits have a deviation of 3.
constexpr float kTolerance = 2e-4f;
constexpr int kMaxBatch = 300;

/// Of each prompt: layer -> position -> groups that its indexer chose.
using ChosenByLayer = std::map<int, std::map<int, std::vector<int32_t>>>;
std::vector<ChosenByLayer> read_chosen_groups(const fs::path& golden_json) {
  std::ifstream file(golden_json);
  std::string text(std::istreambuf_iterator<char>(file), {});
  for (size_t at = 0; (at = text.find("Infinity", at)) != std::string::npos;)
    text.replace(at, 8, "1e99");
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  std::vector<ChosenByLayer> prompts;
  if (json.is_discarded()) return prompts;
  for (const auto& entry : json.at("prompts")) {
    ChosenByLayer& layers = prompts.emplace_back();
    for (const auto& [name, rows] : entry.at("index_topk").items())
      for (const auto& [position, chosen] : rows.items())
        layers[std::stoi(name.substr(5))][std::stoi(position)] = chosen.get<std::vector<int32_t>>();
  }
  return prompts;
}

class GoldenDeepseekV4 : public ::testing::TestWithParam<fs::path> {
 protected:
  void SetUp() override {
    if (!fs::exists(GetParam()))
      GTEST_SKIP() << GetParam() << " is not here; set FATHOM_SHARED to where it is";
    prompts_ = read_golden(GetParam() / "golden.json", GetParam() / "golden.safetensors");
    ASSERT_EQ(prompts_.size(), 4u);
    auto loaded = load(GetParam(), std::make_unique<ReferenceBackend>(1), kMaxBatch);
    ASSERT_TRUE(loaded) << loaded.error().message;
    loaded_ = std::move(*loaded);
  }
  ModelRunner runner(const GoldenPrompt& p) { return {loaded_, static_cast<int>(p.ids.size())}; }

  LoadedModel loaded_;
  std::vector<GoldenPrompt> prompts_;
};

TEST_P(GoldenDeepseekV4, IndexersChooseTheGroupsOfTheOriginal) {
  const std::vector<ChosenByLayer> golden = read_chosen_groups(GetParam() / "golden.json");
  ASSERT_EQ(golden.size(), prompts_.size());
  for (size_t i = 0; i < prompts_.size(); ++i) {
    ModelRunner text = runner(prompts_[i]);
    RecordingProbe seen;
    text.probe = &seen;
    text.run(prompts_[i].ids, {}, kMaxBatch);
    ASSERT_FALSE(golden[i].empty());
    for (const auto& [layer, rows] : golden[i]) {
      const RecordingProbe::Choices& choices = seen.choices[{"index_topk", layer}];
      for (const auto& [position, groups] : rows) {
        std::vector<int32_t> expected = groups;
        expected.resize(choices.n_chosen, -1);
        EXPECT_EQ(choices.of_row(position), expected)
            << "layer " << layer << ", position " << position;
      }
    }
  }
}

TEST_P(GoldenDeepseekV4, DraftLayerPredictsWhatTheOriginalPredictsInAnyChunks) {
  if (!loaded_.model->can_draft()) {
    EXPECT_TRUE(prompts_.back().draft_logits.empty());
    return;
  }
  for (const GoldenPrompt& p : prompts_) {
    for (const int chunk : {kMaxBatch, 7}) {
      ModelRunner text = runner(p);
      std::vector<float> logits;
      for (int begin = 0; begin < std::ssize(p.ids); begin += chunk) {
        const int size = std::min(chunk, static_cast<int>(p.ids.size()) - begin);
        std::vector<int32_t> wanted;
        for (const int32_t position : p.positions)
          if (position >= begin && position < begin + size) wanted.push_back(position - begin);
        text.step(std::span(p.ids).subspan(begin, size), wanted);
        const auto rows = text.draft(std::span(p.draft_next).subspan(begin, size));
        logits.insert(logits.end(), rows.begin(), rows.end());
      }
      EXPECT_LT(distance(logits, p.draft_logits).largest, kTolerance);
    }
  }
}

// A row of the cache must hold all that later tokens need: a text may be cut within a group of
// tokens and go on with others, while the first text's rows for them are overwritten.
TEST_P(GoldenDeepseekV4, TextsMayBeCutWithinAGroupAndContinuedOtherwise) {
  const GoldenPrompt& p = prompts_.back();
  const int n = static_cast<int>(p.ids.size());
  const int32_t last[] = {n - 1};
  const std::vector<float> expected = runner(p).run(p.ids, last, kMaxBatch);
  for (const int cut : {1, 3, 4, 6, 126, 127, 128, 130, 255, 257, 298}) {
    ModelRunner text = runner(p);
    std::vector<TokenId> other(p.ids.begin(), p.ids.begin() + cut);
    while (static_cast<int>(other.size()) < n) other.push_back(p.ids[n - other.size()]);
    text.run(other, {}, kMaxBatch);
    text.truncate(cut);
    EXPECT_EQ(text.run(std::span(p.ids).subspan(cut), last, 64), expected) << "cut at " << cut;
  }
}

// The engine's drafts, shared prefixes and chunks, all at once.
TEST_P(GoldenDeepseekV4, EngineWritesTheTextOfTheOriginalWithAndWithoutDrafts) {
  Log log;
  auto checkpoint = Checkpoint::open(GetParam());
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  for (const bool speculate : {true, false}) {
    auto engine = EngineThread::start(*checkpoint,
                                      {.backend = "reference",
                                       .n_threads = 1,
                                       .prefill_chunk = 50,
                                       .speculate = speculate,
                                       .threads = false},
                                      log);
    ASSERT_TRUE(engine) << engine.error().message;
    const auto write = [&](const GoldenPrompt& p) {
      return generate(**engine, {.prompt = p.ids, .max_tokens = static_cast<int>(p.greedy.size())});
    };
    for (const GoldenPrompt& p : prompts_) {
      constexpr TokenId kEnd = 1;
      const std::vector<TokenId> text(p.greedy.begin(), std::ranges::find(p.greedy, kEnd));
      const auto first = write(p);
      ASSERT_TRUE(first) << first.error().message;
      EXPECT_EQ(first->tokens, text);
      const auto again = write(p);
      ASSERT_TRUE(again) << again.error().message;
      EXPECT_EQ(again->reused_tokens, std::ssize(p.ids) - 1);
      EXPECT_EQ(again->tokens, text);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, GoldenDeepseekV4,
                         ::testing::Values(shared_folder() / "golden" / "deepseek-v4",
                                           "tests/data/golden/deepseek-v4-fp4"),
                         [](const auto& param) {
                           return param.param.filename() == "deepseek-v4" ? "bf16" : "fp4";
                         });

}  // namespace
}  // namespace fathom::engine
