// Routed experts in two memories, the device's closed to the host.

#include "engine/split/split_backend.h"

#include <algorithm>
#include <list>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/cpu/cpu_backend.h"
#include "engine/cpu/cpu_variant.h"
#include "engine/reference/reference_backend.h"
#include "tests/engine/split/routed_experts.h"
#include "tests/support/guarded_device.h"
#include "tests/support/weight_file.h"

namespace fathom::engine::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

/// f32 sums in another order, some of them in two parts.
constexpr Tolerance kF32Sums = {.absolute = 1e-5};
/// Inputs of both products rounded to 8 bits.
constexpr Tolerance k8BitFfn = {.absolute = 0.1};

/// Says when it computes experts.
class Host final : public ReferenceBackend {
 public:
  explicit Host(std::vector<std::string>& calls) : ReferenceBackend(1), calls_(calls) {}
  void moe_ffn(Tensor out, Tensor x, Routes routes, const GatedFfnWeights& experts,
               FfnScratch scratch) override {
    calls_.emplace_back("host");
    ReferenceBackend::moe_ffn(out, x, routes, experts, scratch);
  }

 private:
  std::vector<std::string>& calls_;
};

class SplitBackendTest : public ::testing::Test {
 protected:
  /// With `share` of the experts on the device.
  std::unique_ptr<SplitBackend> split(double share,
                                      uint64_t limit_bytes = GuardedDevice::kUnlimited) {
    return split(share, std::make_unique<Host>(calls_), limit_bytes);
  }
  std::unique_ptr<SplitBackend> split(double share, std::unique_ptr<Backend> host,
                                      uint64_t limit_bytes = GuardedDevice::kUnlimited) {
    auto device =
        std::make_unique<GuardedDevice>(std::make_unique<ReferenceBackend>(1), limit_bytes);
    device->on_call = [this](std::string_view op) { calls_.emplace_back(op); };
    device_ = device.get();
    return std::make_unique<SplitBackend>(std::move(device), std::move(host), SplitPlan(share),
                                          [this] { return seconds_ += seconds_per_look_; });
  }

  static std::vector<float> expected(const std::vector<WeightData>& layer, const Rows& rows) {
    ReferenceBackend reference(1);
    return run_experts(reference, Experts(reference, layer).weights(), rows);
  }

  /// The layer's stacks as files; each can be loaded once.
  std::vector<WeightData> in_files(const std::vector<WeightData>& layer) {
    std::vector<WeightData> stacks;
    for (const WeightData& stack : layer) stacks.push_back(files_.emplace_back(stack).take());
    return stacks;
  }

  std::vector<std::string> calls_;
  GuardedDevice* device_ = nullptr;
  std::list<WeightFile> files_;
  double seconds_ = 0, seconds_per_look_ = 0.001;
};

TEST_F(SplitBackendTest, SumsTheExpertsOfBothSides) {
  const Rows rows = rows_of(11);
  for (const DType dtype : {DType::f32, DType::bf16, DType::f8_e4m3, DType::q8_0}) {
    const auto layer = layer_of(dtype);
    for (const double share : {0.0, 0.2, 0.5, 1.0}) {
      const auto backend = split(share);
      const Experts experts(*backend, layer);
      EXPECT_EQ(experts.gate->count(), kExperts);
      EXPECT_EQ(experts.gate->size_bytes(), layer[0].bytes.size());
      expect_close(run_experts(*backend, experts.weights(), rows), expected(layer, rows), kDim,
                   kF32Sums, fmt::format("{}, {} on the device", info(dtype).name, share));
      EXPECT_TRUE(backend->sync());
    }
  }
}

TEST_F(SplitBackendTest, KeepsItsBitsHoweverRowsAreSplitAndOnAnyNumberOfThreads) {
  const auto layer = layer_of(DType::q8_0);
  const Rows rows = rows_of(13);
  for (const std::string& variant : cpu_variants_here()) {
    std::vector<float> first;
    for (const int n_threads : {1, 2, 3}) {
      SplitBackend backend(std::make_unique<GuardedDevice>(cpu_backend(variant, n_threads)),
                           cpu_backend(variant, n_threads), SplitPlan(0.5));
      const Experts experts(backend, layer);
      for (const int at_once : {13, 1, 4}) {
        std::vector<float> result;
        for (int row = 0; row < rows.n(); row += at_once) {
          const auto part = run_experts(backend, experts.weights(),
                                        rows.part(row, std::min(at_once, rows.n() - row)));
          result.insert(result.end(), part.begin(), part.end());
        }
        if (first.empty()) first = result;
        expect_same_bits(result, first, kDim, fmt::format("{} threads, {}", n_threads, at_once));
      }
    }
    expect_close(first, expected(layer, rows), kDim, k8BitFfn, variant);
  }
}

TEST_F(SplitBackendTest, QueuesTheDevicesPartBeforeTheHostComputes) {
  const auto backend = split(0.5);
  const Experts experts(*backend, layer_of(DType::f32));
  run_experts(*backend, experts.weights(), rows_of(2));
  EXPECT_THAT(calls_, ElementsAre("write", "write", "write",           // the test's
                                  "download", "download", "download",  // routes, weights, rows
                                  "write", "moe_ffn", "write", "host", "write", "add", "download",
                                  "download"));  // the test's
}

TEST_F(SplitBackendTest, AsksTheHostForNothingThatTheDeviceHas) {
  const auto backend = split(0.5);
  const Experts experts(*backend, layer_of(DType::f32));
  run_experts(*backend, experts.weights(), rows_that_choose(2, {0, 1, 3}));
  EXPECT_THAT(calls_, Not(Contains("host")));
}

TEST_F(SplitBackendTest, LeavesAloneWhatIsNotExperts) {
  const auto backend = split(0.0);
  auto layer = layer_of(DType::f32);
  for (WeightData& stack : layer) stack.is_experts = false;
  const Experts heads(*backend, layer);
  EXPECT_EQ(device_->used_bytes(), 3 * layer[0].bytes.size());
}

TEST_F(SplitBackendTest, IgnoresExpertsOfOtherRanks) {
  const auto layer = layer_of(DType::f32);
  const Rows rows = rows_of(7);
  Rows elsewhere = rows;
  for (int32_t& expert : elsewhere.experts) expert += 100;
  for (const double share : {0.0, 0.5, 1.0}) {
    const auto backend = split(share);
    const Experts experts(*backend, layer);
    GatedFfnWeights weights = experts.weights();
    weights.first_expert = 100;
    expect_close(run_experts(*backend, weights, elsewhere), expected(layer, rows), kDim, kF32Sums,
                 "renamed");
    EXPECT_EQ(run_experts(*backend, weights, rows), std::vector<float>(rows.n() * kDim, 0.0f));
  }
}

TEST_F(SplitBackendTest, ADeviceWithoutRoomGetsFewerExperts) {
  const auto layer = layer_of(DType::f32);
  const uint64_t expert_bytes = 3 * layer[0].bytes.size() / kExperts;
  for (const uint64_t n_fit : {0, 1, 3, 4, 8}) {
    const auto backend = split(1.0, n_fit * expert_bytes);
    const Experts experts(*backend, layer);
    EXPECT_LE(device_->used_bytes(), n_fit * expert_bytes);
    EXPECT_GE(device_->used_bytes(), n_fit / 2 * expert_bytes);
    EXPECT_FALSE(backend->allocate(expert_bytes * kExperts));
  }
  // Besides 4 experts there is room for the activations of the test.
  const auto backend = split(1.0, 7 * expert_bytes);
  const Experts experts(*backend, layer);
  EXPECT_EQ(device_->used_bytes(), 4 * expert_bytes);
  const Rows rows = rows_of(5);
  expect_close(run_experts(*backend, experts.weights(), rows), expected(layer, rows), kDim,
               kF32Sums, "4 of 8");
  EXPECT_THAT(calls_, Contains("host"));
}

TEST_F(SplitBackendTest, BetweenJobsTheHostsBusiestExpertsMoveToTheDevice) {
  for (const DType dtype : {DType::f32, DType::q8_0}) {
    const auto layer = layer_of(dtype);
    const auto backend = split(0.5);
    const Experts experts(*backend, in_files(layer));
    const Rows rows = rows_that_choose(2, {1, 5, 7}), all = rows_of(11);
    const uint64_t used_bytes = device_->used_bytes();
    for (int step = 0; step < 100; ++step) run_experts(*backend, experts.weights(), rows);
    const auto before = run_experts(*backend, experts.weights(), all);
    backend->between_jobs();
    EXPECT_EQ(device_->used_bytes(), used_bytes);

    calls_.clear();
    expect_close(run_experts(*backend, experts.weights(), rows), expected(layer, rows), kDim,
                 kF32Sums, "those that moved");
    EXPECT_THAT(calls_, Not(Contains("host")));
    // All others can be found, too.
    expect_close(run_experts(*backend, experts.weights(), all), before, kDim, kF32Sums, "all");
  }
}

TEST_F(SplitBackendTest, ExpertsMoveOnceTheHostHasPackedThem) {
  const auto variant = cpu::choose_cpu_variant("");
  if (!variant) GTEST_SKIP() << variant.error().message;
  const auto layer = layer_of(DType::q8_0);
  const auto backend = split(0.5, std::make_unique<cpu::CpuBackend>(**variant, /*n_threads=*/1,
                                                                    /*pack_later_bytes=*/0));
  const Experts experts(*backend, in_files(layer));
  const Rows rows = rows_that_choose(2, {1, 5, 7});
  // The device alone is asked for its routes, the test downloads twice.
  const auto is_moved = [&] {
    calls_.clear();
    expect_close(run_experts(*backend, experts.weights(), rows), expected(layer, rows), kDim,
                 k8BitFfn, "on the way");
    return std::ranges::count(calls_, "download") == 3;
  };
  EXPECT_FALSE(is_moved());
  backend->between_jobs();
  EXPECT_FALSE(is_moved()) << "nothing is packed before the first sync()";
  do {
    ASSERT_TRUE(backend->sync());
    backend->between_jobs();
  } while (!is_moved());
  expect_close(run_experts(*backend, experts.weights(), rows_of(11)), expected(layer, rows_of(11)),
               kDim, k8BitFfn, "all");
}

TEST_F(SplitBackendTest, NothingMovesWhereThatCostsMoreThanItSaves) {
  const auto backend = split(0.5);
  const Experts experts(*backend, in_files(layer_of(DType::f32)));
  const Rows first = rows_that_choose(2, {1, 5, 7}), second = rows_that_choose(2, {1, 2, 3});
  for (int step = 0; step < 100; ++step) run_experts(*backend, experts.weights(), first);
  backend->between_jobs();
  // Now 2 or 3, which gave way to the others, is asked for once: swapping it back would not pay.
  run_experts(*backend, experts.weights(), second);
  const auto before = run_experts(*backend, experts.weights(), second);
  seconds_per_look_ = 1;
  backend->between_jobs();
  EXPECT_EQ(run_experts(*backend, experts.weights(), second), before);
}

TEST_F(SplitBackendTest, ExpertsOfAChangedFileStayWhereTheyAre) {
  const auto layer = layer_of(DType::f32);
  const auto backend = split(0.5);
  const Experts experts(*backend, in_files(layer));
  const Rows rows = rows_that_choose(2, {1, 5, 7});
  const auto before = run_experts(*backend, experts.weights(), rows);
  files_.back().touch();
  backend->between_jobs();
  calls_.clear();
  EXPECT_EQ(run_experts(*backend, experts.weights(), rows), before);
  EXPECT_THAT(calls_, Contains("host"));
  EXPECT_TRUE(backend->sync());
}

TEST_F(SplitBackendTest, ExpertsThatAreInNoFileStayWhereTheyAre) {
  const auto backend = split(0.5);
  const Experts experts(*backend, layer_of(DType::f32));
  const Rows rows = rows_that_choose(2, {1, 5, 7});
  const auto before = run_experts(*backend, experts.weights(), rows);
  backend->between_jobs();
  EXPECT_EQ(run_experts(*backend, experts.weights(), rows), before);
}

TEST_F(SplitBackendTest, ALoadThatWasGivenUpLeavesNoTrace) {
  const auto backend = split(0.5);
  const auto layer = layer_of(DType::f32);
  upload(*backend, layer[0]);
  const Experts experts(*backend, layer);
  const Rows rows = rows_of(3);
  expect_close(run_experts(*backend, experts.weights(), rows), expected(layer, rows), kDim,
               kF32Sums, "after");
}

TEST_F(SplitBackendTest, ADeviceThatIsLostIsReportedBySync) {
  class Lost final : public ReferenceBackend {
   public:
    Lost() : ReferenceBackend(1) {}
    Status download(std::span<float>, Tensor) override {
      return fail(ErrorCode::device_lost, "gone");
    }
  };
  SplitBackend backend(std::make_unique<Lost>(), std::make_unique<ReferenceBackend>(1),
                       SplitPlan(0.5));
  const Experts experts(backend, layer_of(DType::f32));
  OwnedTensor x(1, kDim), out(1, kDim), gate(kActive, kHidden), up(kActive, kHidden),
      ffn_out(kActive, kDim);
  Rows rows = rows_of(1);
  backend.moe_ffn(out, x, {rows.experts.data(), rows.weights.data(), kActive}, experts.weights(),
                  {gate, up, ffn_out});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(backend.sync().error().code, ErrorCode::device_lost);
}

TEST_F(SplitBackendTest, IsMadeForADeviceThatHasRoomForTheRest) {
  const auto make = [](uint64_t device_bytes) {
    return make_split_backend(std::make_unique<ReferenceBackend>(1),
                              std::make_unique<ReferenceBackend>(1),
                              {.device = device_bytes, .others = 50, .experts = 100});
  };
  EXPECT_EQ(make(49).error().code, ErrorCode::out_of_memory);
  const auto backend = make(100);
  ASSERT_TRUE(backend);
  EXPECT_EQ((*backend)->name(), "split");
  EXPECT_EQ(
      (*backend)->description(),
      "plain loops, f64 sums, 1 threads; experts without room there on plain loops, f64 sums, "
      "1 threads");
}

TEST(GuardedDevice, ClosesItsMemoryToTheHost) {
  GuardedDevice device(std::make_unique<ReferenceBackend>(1));
  const auto buffer = device.allocate(16);
  ASSERT_TRUE(buffer);
  const auto* numbers = static_cast<volatile const float*>((*buffer)->data());
  EXPECT_DEATH((void)*numbers, "");
}

}  // namespace
}  // namespace fathom::engine::test
