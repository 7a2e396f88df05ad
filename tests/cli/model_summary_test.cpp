#include "editors/cli/model_summary.h"

#include <filesystem>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model.h"

namespace fathom::cli {
namespace {

using engine::Checkpoint;
using ::testing::IsEmpty;

std::shared_ptr<const Checkpoint> open(const std::filesystem::path& path) {
  auto checkpoint = Checkpoint::open(path);
  EXPECT_TRUE(checkpoint) << checkpoint.error().message;
  return *checkpoint;
}

TEST(ModelSummary, CountsWhatTheEngineKeepsOfAToken) {
  for (const char* name : {"deepseek-v3", "deepseek-v32", "deepseek-v4-fp4", "llama-deepseek-coder",
                           "qwen2-tied", "gguf/deepseek-v2-lite-Q8_0.gguf"}) {
    const auto checkpoint = open(std::filesystem::path("tests/data/golden") / name);
    const auto backend = *engine::make_backend("reference", {});
    const auto model = engine::load_model(checkpoint, *backend, {.max_batch = 1});
    ASSERT_TRUE(model) << model.error().message;
    const auto widths = (*model)->cache_widths().first((*model)->size().n_layers);
    const int64_t numbers = std::accumulate(widths.begin(), widths.end(), int64_t{0});
    EXPECT_EQ(summarise(*checkpoint).cache_bytes_per_token, numbers * 4) << name;
  }
}

TEST(ModelSummary, CountsNumbersOfFp4AndNeitherScalesNorTables) {
  const auto checkpoint = open("tests/data/golden/deepseek-v4-fp4");
  const ModelSummary s = summarise(*checkpoint);
  EXPECT_THAT(s.unsupported_types, IsEmpty());
  EXPECT_EQ(s.types.at("F8_E8M0").parameters, 0);
  EXPECT_EQ(s.types.at("I64").parameters, 0);
  // 3 layers of 6 routed experts of three matrices.
  EXPECT_EQ(s.types.at("I8").parameters, 3 * 6 * 3 * 128 * 64);
}

}  // namespace
}  // namespace fathom::cli
