// Every golden checkpoint on the GPU backend. With weights as f32 nothing is rounded, and the
// logits are those of the original; as they are, activations are rounded to bf16.

#include "tests/support/golden.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include <gtest/gtest.h>

#include "cuda/device_backend.h"
#include "engine/quant/dequantize.h"
#include "engine/reference/host_weight.h"
#include "tests/cuda/on_device.h"
#include "tests/support/golden_cases.h"
#include "tests/support/model_runner.h"

namespace fathom::engine {
namespace {

// As that of the reference (golden_suite.h): sums in f32.
constexpr float kTolerance = 3e-4f;
constexpr int kMaxBatch = 300;

bool is_gguf(const GoldenCase& golden) { return golden.path.extension() == ".gguf"; }

/// All architectures; of the GGUF files those of the project: types are matmul_test's business.
std::vector<GoldenCase> all_cases() {
  std::vector<GoldenCase> cases = gqa_cases();
  for (GoldenCase& golden : deepseek_cases()) cases.push_back(std::move(golden));
  std::erase_if(cases, [](const GoldenCase& golden) {
    return is_gguf(golden) && !golden.path.string().starts_with("tests/");
  });
  return cases;
}

/// Each network once: those of the GGUF files are the same, and what is theirs, the types, is lost
/// where weights are f32, and independent of the number of rows in matmul_test.
std::vector<GoldenCase> networks() {
  std::vector<GoldenCase> cases = all_cases();
  std::erase_if(cases, is_gguf);
  return cases;
}

/// Keeps weights as f32.
class ExactBackend final : public cuda::DeviceBackend {
 public:
  using DeviceBackend::DeviceBackend;

  Result<std::unique_ptr<Weight>> upload(WeightData data) override {
    FATHOM_CHECK(validate_weight(data));
    const MappedWeight weight(data);
    auto numbers = std::make_shared<std::vector<float>>(size_t(data.count) * data.rows * data.cols);
    for (int64_t row = 0; row < int64_t{data.count} * data.rows; ++row)
      weight.read_row(static_cast<int>(row / data.rows), static_cast<int>(row % data.rows),
                      std::span(*numbers).subspan(row * data.cols, data.cols));
    data.dtype = DType::f32;
    data.scales = {};
    data.bytes = std::as_bytes(std::span(*numbers));
    data.owner = numbers;
    return DeviceBackend::upload(data);
  }
};

class GoldenOnDevice : public ::testing::TestWithParam<GoldenCase> {
 protected:
  void SetUp() override {
    test::leave_accesses_unchecked();
    if (!std::filesystem::exists(GetParam().path))
      GTEST_SKIP() << GetParam().path << " is not here; set FATHOM_SHARED to where it is";
    const cuda::Devices devices = cuda::find_devices();
    if (devices.usable.empty()) GTEST_SKIP() << devices.remark;
    device_ = devices.usable.front();
    prompts_ = read_golden(GetParam().json, GetParam().safetensors);
    ASSERT_EQ(prompts_.size(), 4u);
  }
  template <class DeviceBackend>
  void open() {
    auto loaded = load(GetParam().path, std::make_unique<DeviceBackend>(device_), kMaxBatch);
    ASSERT_TRUE(loaded) << loaded.error().message;
    loaded_ = std::move(*loaded);
  }
  ModelRunner runner(const GoldenPrompt& p) {
    return {loaded_, static_cast<int>(p.ids.size() + p.greedy.size())};
  }

  cuda::DeviceInfo device_;
  std::vector<GoldenPrompt> prompts_;
  LoadedModel loaded_;
};

class NetworkOnDevice : public GoldenOnDevice {};

TEST_P(NetworkOnDevice, LogitsAndGreedyTextAreThoseOfTheOriginal) {
  ASSERT_NO_FATAL_FAILURE(open<ExactBackend>());
  for (const GoldenPrompt& p : prompts_) {
    SCOPED_TRACE(fmt::format("prompt of {} tokens", p.ids.size()));
    ModelRunner text = runner(p);
    const std::vector<float> logits = text.run(p.ids, p.positions, kMaxBatch);
    EXPECT_LT(distance(logits, p.logits).largest, kTolerance);
    const std::vector<float> last(logits.end() - loaded_.model->size().vocab_size, logits.end());
    EXPECT_EQ(text.greedy(last, static_cast<int>(p.greedy.size())), p.greedy);
  }
}

TEST_P(GoldenOnDevice, LogitsAreNearWhereActivationsAreRounded) {
  ASSERT_NO_FATAL_FAILURE(open<cuda::DeviceBackend>());
  for (const GoldenPrompt& p : prompts_) {
    SCOPED_TRACE(fmt::format("prompt of {} tokens", p.ids.size()));
    const std::vector<float> logits = runner(p).run(p.ids, p.positions, kMaxBatch);
    // Routers see rounded activations, too, and turn more choices than on the CPU: 0.02 to 0.48.
    EXPECT_LT(distance(logits, p.logits).mean, 3 * GetParam().rounded_tolerance);
  }
}

TEST_P(NetworkOnDevice, ChunksAndCompanyDoNotChangeABit) {
  ASSERT_NO_FATAL_FAILURE(open<cuda::DeviceBackend>());
  for (const auto& [prompt, chunk] : {std::pair{2, 7}, {3, 64}}) {
    const GoldenPrompt& p = prompts_[prompt];
    const std::vector<float> whole = runner(p).run(p.ids, p.positions, kMaxBatch);
    EXPECT_EQ(runner(p).run(p.ids, p.positions, chunk), whole) << "chunks of " << chunk;
  }

  const GoldenPrompt& a = prompts_[1];
  const GoldenPrompt& b = prompts_[2];
  EXPECT_EQ(run_together(loaded_, a.ids, b.ids), run_apart(loaded_, a.ids, b.ids));
}

TEST_P(GoldenOnDevice, AStepOfOneTokenBecomesGraphs) {
  ASSERT_NO_FATAL_FAILURE(open<cuda::DeviceBackend>());
  ModelRunner text = runner(prompts_[1]);
  const auto& launches = static_cast<cuda::DeviceBackend&>(*loaded_.backend).launches();
  std::vector<float> logits = text.run(prompts_[1].ids, prompts_[1].positions, kMaxBatch);
  int64_t n_single = std::numeric_limits<int64_t>::max();
  for (int step = 0; step < 4; ++step) {
    const cuda::Queue::Counts before = launches;
    logits = text.step(std::span(prompts_[1].ids).subspan(step, 1), std::vector<int32_t>{0});
    // Where the text outgrows a power of two, a step is another one.
    n_single = std::min(
        n_single, launches.launches - before.launches - (launches.in_graphs - before.in_graphs));
  }
  EXPECT_LT(n_single, 4) << "of " << launches.launches << " launches";  // too few for a graph
}

std::string param_name(const ::testing::TestParamInfo<GoldenCase>& param) {
  return test_name(param.param);
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenOnDevice, ::testing::ValuesIn(all_cases()), param_name);
INSTANTIATE_TEST_SUITE_P(Models, NetworkOnDevice, ::testing::ValuesIn(networks()), param_name);

}  // namespace
}  // namespace fathom::engine
