#include "tests/support/nano_golden.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/base/mapped_file.h"

namespace fathom::engine {

std::vector<NanoPrompt> read_nano_golden(const std::filesystem::path& path) {
  const auto json = nlohmann::json::parse(read_text_file(path, size_t{1} << 20).value_or(""),
                                          nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    ADD_FAILURE() << "cannot read " << path;
    return {};
  }
  std::vector<NanoPrompt> prompts;
  for (const auto& entry : json.at("prompts")) {
    NanoPrompt& p = prompts.emplace_back();
    entry.at("kind").get_to(p.kind);
    entry.at("ids").get_to(p.ids);
    entry.at("top_ids").get_to(p.top_ids);
    entry.at("top_logits").get_to(p.top_logits);
    entry.at("greedy").get_to(p.greedy);
    entry.at("greedy_gaps").get_to(p.greedy_gaps);
  }
  return prompts;
}

double expect_nano_golden(LoadedModel& loaded, const NanoPrompt& p,
                          const NanoTolerance& tolerance) {
  SCOPED_TRACE(fmt::format("{} prompt of {} tokens", p.kind, p.ids.size()));
  ModelRunner text(loaded, static_cast<int>(p.ids.size() + p.greedy.size()));
  const int32_t last[] = {static_cast<int32_t>(p.ids.size()) - 1};
  const std::vector<float> logits = text.run(p.ids, last, loaded.model->max_batch());
  double sum = 0;
  for (size_t i = 0; i < p.top_ids.size(); ++i) {
    EXPECT_NEAR(logits[p.top_ids[i]], p.top_logits[i], tolerance.logits) << p.top_ids[i];
    sum += std::abs(logits[p.top_ids[i]] - p.top_logits[i]);
  }

  const auto narrow =
      std::ranges::find_if(p.greedy_gaps, [&](float gap) { return gap < tolerance.gap; });
  const auto n = narrow - p.greedy_gaps.begin();
  if (n > 0) {
    const std::vector<TokenId> expected(p.greedy.begin(), p.greedy.begin() + n);
    EXPECT_EQ(text.greedy(logits, static_cast<int>(n)), expected);
  }
  return sum / static_cast<double>(p.top_ids.size());
}

}  // namespace fathom::engine
