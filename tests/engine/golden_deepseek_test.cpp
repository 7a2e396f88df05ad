// DeepSeek's own architectures.

#include <gmock/gmock.h>

#include "tests/engine/golden_suite.h"
#include "tests/support/converted_to_gguf.h"
#include "tests/support/recording_probe.h"

namespace fathom::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

INSTANTIATE_GOLDEN(deepseek_cases());

class GoldenExperts : public GoldenModel {};

TEST_P(GoldenExperts, AreThoseOfTheOriginal) {
  for (const GoldenPrompt& p : prompts_) {
    ASSERT_FALSE(p.experts.empty());
    ModelRunner text = runner(p);
    RecordingProbe seen;
    text.probe = &seen;
    text.run(p.ids, {}, kMaxBatch);
    std::erase_if(seen.choices, [](const auto& of) { return of.first.first != "router_ids"; });
    ASSERT_EQ(seen.choices.size(), p.experts.size());
    for (const auto& [layer, experts] : p.experts) {
      auto& [n_chosen, chosen] = seen.choices.at({"router_ids", layer});
      for (auto row = chosen.begin(); row != chosen.end(); row += n_chosen)
        std::sort(row, row + n_chosen);
      EXPECT_EQ(chosen, experts) << "layer " << layer;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenExperts,
                         ::testing::ValuesIn(those_that_are(true,
                                                            on_each_device(deepseek_folders()))),
                         param_name);

class GoldenIndexer : public GoldenModel {};

TEST_P(GoldenIndexer, PicksThePositionsOfTheOriginal) {
  for (const GoldenPrompt& p : prompts_) {
    ModelRunner text = runner(p);
    RecordingProbe seen;
    text.probe = &seen;
    text.run(p.ids, {}, kMaxBatch);
    ASSERT_FALSE(p.selected.empty());
    for (const auto& [layer, rows] : p.selected) {
      const auto& [n_chosen, chosen] = seen.choices.at({"index_topk", layer});
      for (const auto& [position, expected] : rows) {
        const auto begin = chosen.begin() + int64_t{position} * n_chosen;
        std::vector<int32_t> found(begin, begin + n_chosen);
        std::erase(found, -1);
        EXPECT_EQ(found, expected) << "layer " << layer << " position " << position;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenIndexer,
                         ::testing::ValuesIn(on_each_device({folder_case("tests/data/golden",
                                                                         "deepseek-v32")})),
                         param_name);

/// A checkpoint with the layouts and gaps that GGUF files have, against the folder it is made of.
class GoldenLayouts : public ::testing::Test {
 protected:
  void convert(const fs::path& folder, const std::string& architecture) {
    if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not here; set FATHOM_SHARED";
    auto original = Checkpoint::open(folder);
    ASSERT_TRUE(original) << original.error().message;
    prompts_ = read_golden(folder / "golden.json", folder / "golden.safetensors");
    gguf_ = std::make_unique<ConvertedToGguf>(*original, architecture);
  }
  void expect_golden() {
    const auto checkpoint = gguf_->build();
    auto backend = std::make_unique<ReferenceBackend>(1);
    auto model = load_model(checkpoint, *backend, {.max_batch = kMaxBatch});
    ASSERT_TRUE(model) << model.error().message;
    LoadedModel loaded = {std::move(backend), std::move(*model)};
    for (const GoldenPrompt& p : prompts_) {
      ModelRunner text(loaded, static_cast<int>(p.ids.size()));
      EXPECT_LT(distance(text.run(p.ids, p.positions, kMaxBatch), p.logits).largest, kTolerance);
    }
    loaded.model.reset();  // before the bytes of the checkpoint go
  }
  std::vector<std::string> notes() {
    const auto found = check_architecture(*gguf_->build());
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(ConfigNotes());
  }

  std::unique_ptr<ConvertedToGguf> gguf_;
  std::vector<GoldenPrompt> prompts_;
};

TEST_F(GoldenLayouts, V32IsReadUnderTheNamesOfGguf) {
  convert("tests/data/golden/deepseek-v32", "deepseek32");
  EXPECT_THAT(notes(), IsEmpty());
  expect_golden();
}

TEST_F(GoldenLayouts, GatesAndUpsMayBeJoined) {
  convert("tests/data/golden/deepseek-v3", "deepseek2");
  gguf_->join_gates_and_ups();
  expect_golden();
}

TEST_F(GoldenLayouts, GapsOfV3AreFilledAndNoted) {
  convert("tests/data/golden/deepseek-v3", "deepseek2");
  gguf_->forget("rope.scaling.yarn_log_multiplier");
  gguf_->forget("expert_gating_func");
  EXPECT_THAT(notes(),
              UnorderedElementsAre(HasSubstr("expert_gating_func is missing; taken as sigmoid"),
                                   HasSubstr("yarn_log_multiplier is missing; taken as 0.1,")));
  expect_golden();
}

TEST_F(GoldenLayouts, GapsOfV2AreFilledAndNoted) {
  convert(shared_folder() / "golden" / "deepseek-v2", "deepseek2");
  if (IsSkipped()) return;
  gguf_->forget("rope.scaling.yarn_log_multiplier");
  gguf_->forget("expert_gating_func");
  EXPECT_THAT(notes(),
              UnorderedElementsAre(HasSubstr("expert_gating_func is missing; taken as softmax"),
                                   HasSubstr("yarn_log_multiplier is missing; taken as 0.0707")));
  expect_golden();
}

TEST_F(GoldenLayouts, SeveralDraftLayersAreNoted) {
  convert("tests/data/golden/deepseek-v3", "deepseek2");
  gguf_->set("nextn_predict_layers", int64_t{3});
  EXPECT_THAT(notes(), ElementsAre(HasSubstr("3 draft layers")));
}

}  // namespace
}  // namespace fathom::engine
