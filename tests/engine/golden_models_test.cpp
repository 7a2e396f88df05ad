// Tiny checkpoints of every architecture against the values of its original implementation,
// computed in f64 on the stored weights (tests/data/golden/README.md).

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include "engine/reference/reference_backend.h"
#include "tests/support/golden.h"
#include "tests/support/model_runner.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;

// Sums in another order and f32 activations; the logits have a deviation of 3.
constexpr float kTolerance = 2e-4f;
constexpr int kMaxBatch = 300;

/// The reference backend, which remembers the experts that each call of route() chose.
class RecordingBackend final : public ReferenceBackend {
 public:
  using ReferenceBackend::ReferenceBackend;
  void route(Routes routes, Tensor logits, const Weight* bias,
             const RouterConfig& config) override {
    ReferenceBackend::route(routes, logits, bias, config);
    std::vector<int32_t>& chosen =
        calls.emplace_back(routes.experts, routes.experts + int64_t{logits.rows} * routes.n_active);
    for (auto row = chosen.begin(); row != chosen.end(); row += routes.n_active)
      std::sort(row, row + routes.n_active);
  }
  std::vector<std::vector<int32_t>> calls;
};

struct GoldenModel {
  std::string name;
  fs::path path;
  fs::path json;
  fs::path safetensors;
};

void PrintTo(const GoldenModel& model, std::ostream* out) { *out << model.path; }

GoldenModel folder(const fs::path& root, const std::string& name) {
  return {name, root / name, root / name / "golden.json", root / name / "golden.safetensors"};
}

GoldenModel gguf(const fs::path& root, const std::string& name) {
  const fs::path stem = root / "gguf" / name;
  return {name + ".gguf", stem.string() + ".gguf", stem.string() + ".golden.json",
          stem.string() + ".golden.safetensors"};
}

std::vector<GoldenModel> golden_models() {
  const fs::path own = "tests/data/golden";
  const fs::path rest = shared_folder() / "golden";
  std::vector<GoldenModel> models;
  for (const char* name : {"deepseek-v3", "llama-deepseek-coder", "llama-gqa-linear", "llama3-rope",
                           "qwen2-tied", "qwen2-untied"})
    models.push_back(folder(own, name));
  for (const char* name :
       {"deepseek-v3-BF16", "deepseek-v3-Q8_0", "llama-gqa-F16", "llama3-rope-F16", "llama-Q4_0",
        "llama-Q4_K_M", "llama-Q5_K", "qwen2-tied-F16"})
    models.push_back(gguf(own, name));
  models.push_back(folder(rest, "llama-gqa"));
  for (const char* name : {"deepseek-v3-F16", "llama-deepseek-coder-F16",
                           "llama-deepseek-coder-Q8_0", "qwen2-untied-F16", "qwen2-untied-Q8_0"})
    models.push_back(gguf(rest, name));
  return models;
}

float largest_difference(std::span<const float> a, std::span<const float> b) {
  EXPECT_EQ(a.size(), b.size());
  float largest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

/// The last of several rows of logits.
std::vector<float> last_row(std::span<const float> logits, int vocab) {
  return {logits.end() - vocab, logits.end()};
}

class GoldenTest : public ::testing::Test {
 protected:
  void open(const GoldenModel& golden) {
    auto backend = std::make_unique<RecordingBackend>(/*n_threads=*/1);
    backend_ = backend.get();
    auto loaded = load(golden.path, std::move(backend), kMaxBatch);
    ASSERT_TRUE(loaded) << loaded.error().message;
    loaded_ = std::move(*loaded);
    prompts_ = read_golden(golden.json, golden.safetensors);
    ASSERT_FALSE(prompts_.empty());
  }

  const Model& model() const { return *loaded_.model; }
  ModelRunner runner(const GoldenPrompt& p) {
    return {loaded_, static_cast<int>(p.ids.size() + p.greedy.size())};
  }

  LoadedModel loaded_;
  RecordingBackend* backend_ = nullptr;  // owned by loaded_
  std::vector<GoldenPrompt> prompts_;
};

class Golden : public GoldenTest, public ::testing::WithParamInterface<GoldenModel> {
 protected:
  void SetUp() override {
    if (!fs::exists(GetParam().path))
      GTEST_SKIP() << GetParam().path << " is not here; set FATHOM_SHARED to where it is";
    open(GetParam());
  }
};

TEST_P(Golden, LogitsAndGreedyTextAreThoseOfTheOriginal) {
  for (const GoldenPrompt& p : prompts_) {
    SCOPED_TRACE(fmt::format("prompt of {} tokens", p.ids.size()));
    ModelRunner text = runner(p);
    const std::vector<float> logits = text.run(p.ids, p.positions, kMaxBatch);
    EXPECT_LT(largest_difference(logits, p.logits), kTolerance);
    ASSERT_GT(p.smallest_gap, 2 * kTolerance) << "this prompt cannot decide";
    EXPECT_EQ(text.greedy(last_row(logits, model().size().vocab_size), p.greedy.size()), p.greedy);
  }
}

TEST_P(Golden, ChunksOfThePromptDoNotChangeABit) {
  const GoldenPrompt& p = prompts_.back();
  const std::vector<float> whole = runner(p).run(p.ids, p.positions, kMaxBatch);
  for (const int chunk : {1, 7, 64})
    EXPECT_EQ(runner(p).run(p.ids, p.positions, chunk), whole) << "chunks of " << chunk;
}

// Test names may have letters, digits and underscores only.
std::string test_name(const ::testing::TestParamInfo<GoldenModel>& param) {
  std::string name = param.param.name;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Models, Golden, ::testing::ValuesIn(golden_models()), test_name);

/// The one golden file with experts and a draft layer.
class GoldenDeepseekV3 : public GoldenTest {
 protected:
  void SetUp() override { open(folder("tests/data/golden", "deepseek-v3")); }
};

TEST_F(GoldenDeepseekV3, RouterChoosesTheExpertsOfTheOriginal) {
  for (const GoldenPrompt& p : prompts_) {
    backend_->calls.clear();
    runner(p).run(p.ids, {}, kMaxBatch);
    ASSERT_EQ(backend_->calls.size(), p.experts.size());
    ASSERT_FALSE(p.experts.empty());
    size_t call = 0;
    for (const auto& [layer, experts] : p.experts)
      EXPECT_EQ(backend_->calls[call++], experts) << "layer " << layer;
  }
}

TEST_F(GoldenDeepseekV3, DraftLayerPredictsWhatTheOriginalPredicts) {
  ASSERT_TRUE(model().can_draft());
  for (const GoldenPrompt& p : prompts_) {
    ModelRunner text = runner(p);
    text.run(p.ids, p.positions, kMaxBatch);
    EXPECT_LT(largest_difference(text.draft(p.draft_next), p.draft_logits), kTolerance);
  }
}

}  // namespace
}  // namespace fathom::engine
