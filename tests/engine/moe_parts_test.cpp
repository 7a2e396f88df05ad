// Routed experts of which a backend has some: what routes name beyond them adds nothing.

#include <gtest/gtest.h>

#include "engine/cpu/cpu_backend.h"
#include "engine/cpu/cpu_variant.h"
#include "engine/reference/reference_backend.h"
#include "tests/support/op_data.h"

namespace fathom::engine::test {
namespace {

constexpr int kDim = 64, kHidden = 96, kExperts = 6, kActive = 3;

/// Experts [first, first + count) of six.
struct SomeExperts {
  SomeExperts(Backend& backend, DType dtype, int first, int count)
      : gate(some(backend, random_weight(dtype, kExperts, kHidden, kDim, 1), first, count)),
        up(some(backend, random_weight(dtype, kExperts, kHidden, kDim, 2), first, count)),
        down(some(backend, random_weight(dtype, kExperts, kDim, kHidden, 3), first, count)),
        weights{.gate = gate.get(), .up = up.get(), .down = down.get(), .first_expert = first} {}

  static std::unique_ptr<Weight> some(Backend& backend, WeightData data, int first, int count) {
    const size_t size = data.bytes.size() / kExperts;
    data.bytes = data.bytes.subspan(first * size, count * size);
    data.count = count;
    return upload(backend, data);
  }

  std::unique_ptr<Weight> gate, up, down;
  GatedFfnWeights weights;
};

class MoeParts : public testing::TestWithParam<DType> {
 protected:
  /// Of rows whose experts are row, row + 2 and row + 5, counted in a circle.
  static std::vector<float> run(Backend& backend, const SomeExperts& experts, int n_rows) {
    std::vector<int32_t> chosen;
    std::vector<float> weights;
    for (int row = 0; row < n_rows; ++row) {
      for (const int step : {0, 2, 5}) {
        chosen.push_back((row + step) % kExperts);
        weights.push_back(0.25f * static_cast<float>(step + 1));
      }
    }
    OwnedTensor x = OwnedTensor::random(n_rows, kDim, 4), out(n_rows, kDim);
    const int n_items = n_rows * kActive;
    OwnedTensor gate(n_items, kHidden), up(n_items, kHidden), ffn_out(n_items, kDim);
    backend.moe_ffn(out, x, {chosen.data(), weights.data(), kActive}, experts.weights,
                    {gate, up, ffn_out});
    return out.numbers();
  }
  static void check(Backend& backend, int n_rows) {
    const std::vector<float> whole =
        run(backend, SomeExperts(backend, GetParam(), 0, kExperts), n_rows);
    std::vector<float> sum = run(backend, SomeExperts(backend, GetParam(), 0, 1), n_rows);
    for (const auto& [first, count] : {std::pair{1, 3}, std::pair{4, 2}}) {
      const auto part = run(backend, SomeExperts(backend, GetParam(), first, count), n_rows);
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += part[i];
    }
    expect_close(sum, whole, kDim, {.absolute = 1e-6}, fmt::format("{} rows", n_rows));
  }
};

TEST_P(MoeParts, AddUpOnTheReference) {
  ReferenceBackend backend(1);
  for (const int n_rows : {1, 7, 70}) check(backend, n_rows);
}

TEST_P(MoeParts, AddUpOnTheCpu) {
  const auto variant = cpu::choose_cpu_variant("");
  if (!variant) GTEST_SKIP() << variant.error().message;
  cpu::CpuBackend backend(**variant, 2);
  for (const int n_rows : {1, 7, 70}) check(backend, n_rows);
}

TEST_P(MoeParts, AreZeroWhereNoneWasChosen) {
  ReferenceBackend reference(1);
  const std::vector<float> zeros(kDim);  // the row chose 0, 2 and 5
  EXPECT_EQ(run(reference, SomeExperts(reference, GetParam(), 3, 2), 1), zeros);
  const auto variant = cpu::choose_cpu_variant("");
  if (!variant) GTEST_SKIP() << variant.error().message;
  cpu::CpuBackend backend(**variant, 2);
  EXPECT_EQ(run(backend, SomeExperts(backend, GetParam(), 3, 2), 1), zeros);
}

INSTANTIATE_TEST_SUITE_P(Types, MoeParts, testing::Values(DType::f32, DType::q8_0),
                         [](const auto& param) {
                           return std::string(engine::info(param.param).name);
                         });

}  // namespace
}  // namespace fathom::engine::test
