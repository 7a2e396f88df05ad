// Weights of large files, which are computed with before they are laid out: on every variant, the
// same bits as of those that were laid out first; and what becomes of their files.

#include "engine/cpu/pack_later.h"

#include <memory>
#include <thread>

#include <gtest/gtest.h>

#include "engine/base/file_faults.h"
#include "engine/cpu/cpu_backend.h"
#include "tests/support/op_data.h"
#include "tests/support/weight_file.h"

namespace fathom::engine::test {
namespace {

class PackLater : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Backend> backend(size_t pack_later_bytes) {
    return std::make_unique<cpu::CpuBackend>(**cpu::choose_cpu_variant(GetParam()),
                                             /*n_threads=*/2, pack_later_bytes);
  }
};

bool is_packed(const Weight& weight) {
  return dynamic_cast<const cpu::PackedWeight&>(weight).panels(0) != nullptr;
}

void wait_until_packed(const Weight& weight) {
  while (!is_packed(weight)) std::this_thread::yield();
}

TEST_P(PackLater, ProductsHaveTheSameBitsBeforeAndAfter) {
  constexpr int kRows = 9;
  constexpr int kHeads = 2;
  constexpr int kOutputs = 37;
  constexpr int kCols = 512;
  OwnedTensor x = OwnedTensor::random(kRows, kHeads * kCols, 1);
  for (const DType dtype : kAllDTypes) {
    const WeightData data = random_weight(dtype, kHeads, kOutputs, kCols, 2);
    WeightFile file(data);
    const auto later = backend(0), first = backend(cpu::CpuBackend::kPackFirst);
    const auto w = upload(*later, file.take()), packed = upload(*first, data);
    ASSERT_TRUE(is_packed(*packed));
    const auto product = [&](Backend& backend, const Weight& weight) {
      OwnedTensor y(kRows, kHeads * kOutputs);
      backend.matmul_heads(y.view().heads(kHeads), x.view().heads(kHeads), weight);
      return y.numbers();
    };
    const auto row = [&](const Weight& weight) {
      std::vector<float> numbers(kCols);
      host_weight(weight).read_row(1, kOutputs - 1, numbers);
      return numbers;
    };

    ASSERT_FALSE(is_packed(*w));
    EXPECT_FALSE(later->can_replace(*w));
    const std::vector<float> expected = product(*first, *packed), before = product(*later, *w);
    const std::vector<float> row_before = row(*w);
    ASSERT_TRUE(later->sync());
    wait_until_packed(*w);
    ASSERT_TRUE(later->sync());
    EXPECT_FALSE(file.is_open());
    EXPECT_TRUE(later->can_replace(*w));
    expect_same_bits(before, expected, kOutputs, fmt::format("{} before", info(dtype).name));
    expect_same_bits(product(*later, *w), expected, kOutputs,
                     fmt::format("{} after", info(dtype).name));
    expect_same_bits(row_before, row(*packed), kCols, fmt::format("{} row", info(dtype).name));
    expect_same_bits(row(*w), row(*packed), kCols, fmt::format("{} row after", info(dtype).name));
  }
}

TEST_P(PackLater, ExpertsHaveTheSameBitsBeforeAndAfter) {
  constexpr int kRows = 5;
  constexpr int kExperts = 3;
  constexpr int kDim = 96;
  constexpr int kHidden = 64;
  const WeightData gate = random_weight(DType::q4_0, kExperts, kHidden, kDim, 1);
  const WeightData up = random_weight(DType::q8_0, kExperts, kHidden, kDim, 2);
  const WeightData down = random_weight(DType::q5_1, kExperts, kDim, kHidden, 3);
  WeightFile gate_file(gate), up_file(up), down_file(down);
  const auto later = backend(0), first = backend(cpu::CpuBackend::kPackFirst);
  const auto w_gate = upload(*later, gate_file.take()), w_up = upload(*later, up_file.take()),
             w_down = upload(*later, down_file.take());
  const auto p_gate = upload(*first, gate), p_up = upload(*first, up),
             p_down = upload(*first, down);
  OwnedTensor x = OwnedTensor::random(kRows, kDim, 4);
  std::vector<int32_t> experts = {0, 1, 2, 0, 1, 2, 2, 1, 0, 2};
  std::vector<float> weights(experts.size(), 0.5f);
  const auto result = [&](Backend& backend, const GatedFfnWeights& w) {
    OwnedTensor out(kRows, kDim), g(2 * kRows, kHidden), u(2 * kRows, kHidden), o(2 * kRows, kDim);
    backend.moe_ffn(out, x, {.experts = experts.data(), .weights = weights.data(), .n_active = 2},
                    w, {.gate = g, .up = u, .out = o});
    return out.numbers();
  };

  const GatedFfnWeights file_weights = {
      .gate = w_gate.get(), .up = w_up.get(), .down = w_down.get()};
  const std::vector<float> expected =
      result(*first, {.gate = p_gate.get(), .up = p_up.get(), .down = p_down.get()});
  expect_same_bits(result(*later, file_weights), expected, kDim, "before");
  ASSERT_TRUE(later->sync());
  wait_until_packed(*w_down);  // the last in the order of the loading
  EXPECT_TRUE(is_packed(*w_gate) && is_packed(*w_up));
  expect_same_bits(result(*later, file_weights), expected, kDim, "after");
}

TEST_P(PackLater, AFileThatIsChangedBeforeFailsTheStep) {
  survive_file_faults();
  WeightFile file(random_weight(DType::q8_0, 1, 64, 256, 1));
  const auto later = backend(0);
  const auto w = upload(*later, file.take());
  file.truncate();
  OwnedTensor x = OwnedTensor::random(1, 256, 2), y(1, 64);
  later->matmul(y, x, *w);
  for (int step = 0; step < 2; ++step) {
    const Status done = later->sync();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::io);
    EXPECT_NE(done.error().message.find("was changed"), std::string::npos);
  }
}

TEST_P(PackLater, AFileThatIsChangedAfterwardsDoesNoHarm) {
  WeightFile file(random_weight(DType::q8_0, 1, 64, 256, 1));
  const auto later = backend(0);
  const auto w = upload(*later, file.take());
  ASSERT_TRUE(later->sync());
  wait_until_packed(*w);
  ASSERT_TRUE(later->sync());
  file.truncate();
  OwnedTensor x = OwnedTensor::random(1, 256, 2), y(1, 64);
  later->matmul(y, x, *w);
  EXPECT_TRUE(later->sync());
}

TEST_P(PackLater, AModelThatIsUnloadedBeforeItsTurnIsLeftOut) {
  const auto later = backend(0);
  WeightFile gone(random_weight(DType::q8_0, 1, 64, 256, 1));
  WeightFile kept(random_weight(DType::q8_0, 1, 64, 256, 2));
  upload(*later, gone.take()).reset();
  EXPECT_FALSE(gone.is_open());
  const auto w = upload(*later, kept.take());
  ASSERT_TRUE(later->sync());
  wait_until_packed(*w);
  EXPECT_TRUE(later->sync());
}

INSTANTIATE_TEST_SUITE_P(Variants, PackLater, testing::ValuesIn(cpu_variants_here()),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace fathom::engine::test
