// The golden checkpoints with experts on a device whose memory is closed to the host, and others on
// the host.

#include <filesystem>

#include <gtest/gtest.h>

#include "engine/cpu/cpu_backend.h"
#include "engine/cpu/cpu_variant.h"
#include "engine/reference/reference_backend.h"
#include "engine/split/split_backend.h"
#include "tests/support/golden.h"
#include "tests/support/golden_cases.h"
#include "tests/support/guarded_device.h"
#include "tests/support/model_runner.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;

// As that of one backend (golden_suite.h): a sum of experts is two sums.
constexpr float kTolerance = 2e-4f;
constexpr int kMaxBatch = 300;
constexpr double kHostShares[] = {0, 0.3, 1};

class GoldenSplit : public ::testing::TestWithParam<GoldenCase> {
 protected:
  void SetUp() override {
    if (!fs::exists(GetParam().path))
      GTEST_SKIP() << GetParam().path << " is not here; set FATHOM_SHARED to where it is";
    prompts_ = read_golden(GetParam().json, GetParam().safetensors);
    ASSERT_EQ(prompts_.size(), 4u);
  }

  /// The device is the reference, so that what is rounded otherwise is the host's.
  void open(std::unique_ptr<Backend> host, double host_share) {
    auto device = std::make_unique<test::GuardedDevice>(std::make_unique<ReferenceBackend>(1));
    auto loaded = load(GetParam().path,
                       std::make_unique<SplitBackend>(std::move(device), std::move(host),
                                                      SplitPlan(1 - host_share)),
                       kMaxBatch);
    ASSERT_TRUE(loaded) << loaded.error().message;
    loaded_ = std::move(*loaded);
  }
  static std::unique_ptr<Backend> cpu() {
    const auto variant = cpu::choose_cpu_variant("");
    if (!variant) return nullptr;
    return std::make_unique<cpu::CpuBackend>(**variant, /*n_threads=*/1);
  }
  ModelRunner runner(const GoldenPrompt& p) {
    return {loaded_, static_cast<int>(p.ids.size() + p.greedy.size())};
  }

  void expect_golden() {
    for (const GoldenPrompt& p : prompts_) {
      SCOPED_TRACE(fmt::format("prompt of {} tokens", p.ids.size()));
      ModelRunner text = runner(p);
      const std::vector<float> logits = text.run(p.ids, p.positions, kMaxBatch);
      EXPECT_LT(distance(logits, p.logits).largest, kTolerance);
      const std::vector<float> last(logits.end() - loaded_.model->size().vocab_size, logits.end());
      EXPECT_EQ(text.greedy(last, static_cast<int>(p.greedy.size())), p.greedy);
    }
  }

  LoadedModel loaded_;
  std::vector<GoldenPrompt> prompts_;
};

TEST_P(GoldenSplit, LogitsAndGreedyTextAreThoseOfTheOriginal) {
  for (const double host_share : kHostShares) {
    SCOPED_TRACE(fmt::format("{} on the host", host_share));
    open(std::make_unique<ReferenceBackend>(1), host_share);
    if (HasFailure()) return;
    expect_golden();
  }
}

TEST_P(GoldenSplit, OnTheCpuLogitsAreThoseOfTheOriginalOrNearThem) {
  for (const double host_share : kHostShares) {
    SCOPED_TRACE(fmt::format("{} on the host", host_share));
    auto host = cpu();
    if (!host) GTEST_SKIP() << "no instruction set for the CPU backend";
    open(std::move(host), host_share);
    if (HasFailure()) return;
    if (!GetParam().is_quantised) {
      expect_golden();
      continue;
    }
    for (const GoldenPrompt& p : prompts_) {
      const std::vector<float> logits = runner(p).run(p.ids, p.positions, kMaxBatch);
      EXPECT_LT(distance(logits, p.logits).mean, GetParam().rounded_tolerance);
    }
  }
}

TEST_P(GoldenSplit, NeitherChunksNorAnotherTextChangeABit) {
  auto host = cpu();
  if (!host) GTEST_SKIP() << "no instruction set for the CPU backend";
  open(std::move(host), 0.3);
  if (HasFailure()) return;
  const GoldenPrompt& p = prompts_.back();
  const std::vector<float> whole = runner(p).run(p.ids, p.positions, kMaxBatch);
  for (const int chunk : {1, 7, 64})
    EXPECT_EQ(runner(p).run(p.ids, p.positions, chunk), whole) << "chunks of " << chunk;

  const GoldenPrompt &a = prompts_[1], &b = prompts_[2];
  EXPECT_EQ(run_together(loaded_, a.ids, b.ids), run_apart(loaded_, a.ids, b.ids));
}

TEST_P(GoldenSplit, LogitsStayThoseOfTheOriginalWhereExpertsMove) {
  class Host final : public ReferenceBackend {
   public:
    explicit Host(int& n_replaced) : ReferenceBackend(1), n_replaced_(n_replaced) {}
    void replace(Weight& weight, int matrix, const WeightData& data) override {
      ++n_replaced_;
      ReferenceBackend::replace(weight, matrix, data);
    }

   private:
    int& n_replaced_;
  };
  int n_replaced = 0;
  open(std::make_unique<Host>(n_replaced), 0.5);
  if (HasFailure()) return;
  expect_golden();
  for (int pause = 0; pause < 3; ++pause) loaded_.backend->between_jobs();
  expect_golden();
  // Experts of folders are in no file as stacks: they do not move.
  EXPECT_EQ(n_replaced > 0, GetParam().path.extension() == ".gguf");
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenSplit, ::testing::ValuesIn(deepseek_cases()),
                         [](const auto& param) { return test_name(param.param); });

}  // namespace
}  // namespace fathom::engine
