// What DeepSeek-V3.2's sparse attention is made of, beside choose_groups().

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/reference/reference_backend.h"
#include "tests/support/op_data.h"

namespace fathom::engine::test {
namespace {

using testing::FloatNear;
using testing::Pointwise;

std::unique_ptr<Weight> vector(Backend& backend, const std::vector<float>& numbers) {
  return upload(backend, {.name = "vector",
                          .dtype = DType::f32,
                          .cols = static_cast<int>(numbers.size()),
                          .bytes = std::as_bytes(std::span(numbers)),
                          .owner = std::make_shared<std::vector<float>>()});
}

TEST(LayerNorm, HasMeanBiasAndDeviationWeight) {
  ReferenceBackend backend(1);
  const std::vector<float> weights = {1, 1, 2, 1}, biases = {0, 0, 0, 10};
  const auto weight = vector(backend, weights);
  const auto bias = vector(backend, biases);
  std::vector<float> x = {1, 3, 5, 7};  // mean 4, variance 5
  const Tensor view = {x.data(), 1, 4, 4};
  backend.layer_norm(view, view, *weight, *bias, /*eps=*/4.0f);
  EXPECT_THAT(x,
              Pointwise(FloatNear(1e-6f), std::vector<float>{-1.0f, -1.0f / 3, 2.0f / 3, 11.0f}));
}

/// Nine tokens of a sequence in cache rows that fall, of which rows 6 to 8 are computed.
class ChosenLatentAttention : public testing::Test {
 protected:
  static constexpr int kLatent = 32, kRope = 8, kHeads = 3, kTokens = 9, kLimit = 4, kRows = 3;

  std::vector<float> attend(Backend& backend, const std::vector<int32_t>& groups) {
    OwnedTensor out(kRows, kHeads * kLatent);
    std::vector<int32_t> chosen = groups;
    std::vector<SlotId> slots(kTokens);
    for (int p = 0; p < kTokens; ++p) slots[p] = kTokens - 1 - p;
    const SequenceRows sequence = {.first_row = 0, .n_rows = kRows, .slots = slots};
    backend.chosen_latent_attention(out.view().heads(kHeads), q_.view().heads(kHeads),
                                    q_pe_.view().heads(kHeads), cache_.view(), {&sequence, 1},
                                    {chosen.data(), kLimit}, 0.2f);
    return out.numbers();
  }

  OwnedTensor cache_ = OwnedTensor::random(kTokens, kLatent + kRope, 1);
  OwnedTensor q_ = OwnedTensor::random(kRows, kHeads* kLatent, 2);
  OwnedTensor q_pe_ = OwnedTensor::random(kRows, kHeads* kRope, 3);
};

TEST_F(ChosenLatentAttention, IsAttentionToTheChosenPositionsAlone) {
  const std::vector<int32_t> groups = {0, 2, 5, 6, 1, 2, 3, 7, 4, 8, -1, -1};
  ReferenceBackend backend(2);
  const std::vector<float> found = attend(backend, groups);
  std::vector<float> expected;
  for (int row = 0; row < kRows; ++row) {
    std::vector<SlotId> slots;
    for (int i = 0; i < kLimit; ++i)
      if (const int p = groups[row * kLimit + i]; p >= 0) slots.push_back(kTokens - 1 - p);
    const SequenceRows sequence = {.first_row = row, .n_rows = 1, .slots = slots};
    OwnedTensor out(kRows, kHeads * kLatent);
    backend.latent_attention(out.view().heads(kHeads), q_.view().heads(kHeads),
                             q_pe_.view().heads(kHeads), cache_.view(), {&sequence, 1}, 0.2f);
    const std::vector<float> numbers = out.numbers();
    const auto begin = numbers.begin() + row * kHeads * kLatent;
    expected.insert(expected.end(), begin, begin + kHeads * kLatent);
  }
  expect_same_bits(found, expected, kHeads * kLatent, "chosen positions");
}

TEST_F(ChosenLatentAttention, IsTheSameOnEveryVariantOfTheCpu) {
  const std::vector<int32_t> groups = {0, 2, 5, 6, 1, 2, 3, 7, 4, 6, 7, 8};
  ReferenceBackend reference(1);
  const std::vector<float> expected = attend(reference, groups);
  for (const std::string& variant : cpu_variants_here()) {
    const auto cpu = cpu_backend(variant, 2);
    // f32 sums and an exp of a few units in the last place.
    expect_close(attend(*cpu, groups), expected, kHeads * kLatent, {.absolute = 1e-5}, variant);
  }
}

}  // namespace
}  // namespace fathom::engine::test
