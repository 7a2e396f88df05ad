// DeepSeek's own architectures.

#include "tests/engine/golden_suite.h"
#include "tests/support/recording_probe.h"

namespace fathom::engine {
namespace {

std::vector<GoldenCase> folders() {
  const fs::path own = "tests/data/golden";
  const fs::path rest = shared_folder() / "golden";
  return {folder(own, "deepseek-v3"),      folder(rest, "deepseek-moe"),
          folder(rest, "deepseek-v2"),     folder(rest, "deepseek-v2-lite"),
          folder(rest, "deepseek-v3-fp8"), folder(rest, "deepseek-v4"),
          folder(own, "deepseek-v4-fp4")};
}

std::vector<GoldenCase> cases() {
  const fs::path own = "tests/data/golden";
  const fs::path rest = shared_folder() / "golden";
  std::vector<GoldenCase> cases = folders();
  for (const char* name : {"deepseek-moe-Q8_0", "deepseek-v2-lite-Q8_0", "deepseek-v3-Q8_0"})
    cases.push_back(gguf(own, name));
  cases.push_back(gguf(own, "deepseek-v2-Q8_0"));
  cases.back().rounded_tolerance = 0.5;  // experts count 16 times, and so does their rounding
  for (const char* name : {"deepseek-moe-F16", "deepseek-v2-F16", "deepseek-v2-lite-F16",
                           "deepseek-v3-BF16", "deepseek-v3-F16", "deepseek2-Q4_K_M"})
    cases.push_back(gguf(rest, name));
  return cases;
}

INSTANTIATE_GOLDEN(cases());

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

INSTANTIATE_TEST_SUITE_P(Models, GoldenExperts, ::testing::ValuesIn(on_each_device(folders())),
                         test_name);

}  // namespace
}  // namespace fathom::engine
