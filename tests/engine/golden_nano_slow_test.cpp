// Every golden prompt of the built-in model on the reference backend: about 15 s for each file.

#include <filesystem>

#include <gtest/gtest.h>

#include "engine/reference/reference_backend.h"
#include "tests/support/golden.h"
#include "tests/support/nano_golden.h"

namespace fathom::engine {
namespace {

void check_all(const std::filesystem::path& model, const std::filesystem::path& golden) {
  // The golden logits have five decimals and float32 rounding of their own.
  const NanoTolerance tolerance = {.logits = 2e-3f, .gap = 4e-3f};
  auto loaded = load(model, std::make_unique<ReferenceBackend>(/*n_threads=*/0), 128);
  ASSERT_TRUE(loaded) << loaded.error().message;
  const std::vector<NanoPrompt> prompts = read_nano_golden(golden);
  EXPECT_EQ(prompts.size(), 22u);
  for (const NanoPrompt& prompt : prompts) expect_nano_golden(*loaded, prompt, tolerance);
}

TEST(GoldenNanoReference, ComputesWhatTransformersComputes) {
  check_all("models/nano/fathom-nano.gguf", "models/nano/golden-gguf.json");
}

TEST(GoldenNanoReference, ComputesTheSameFromTheHuggingFaceFolder) {
  const auto folder = shared_folder() / "models" / "nano" / "hf";
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << folder << " is not here; set FATHOM_SHARED to where it is";
  check_all(folder, "models/nano/golden.json");
}

}  // namespace
}  // namespace fathom::engine
