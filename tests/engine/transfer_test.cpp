// What goes between host memory and a backend's, on every backend.

#include <bit>

#include <gtest/gtest.h>

#include "engine/reference/reference_backend.h"
#include "tests/support/op_data.h"

namespace fathom::engine::test {
namespace {

std::vector<std::unique_ptr<Backend>> all_backends() {
  std::vector<std::unique_ptr<Backend>> backends;
  backends.push_back(std::make_unique<ReferenceBackend>(2));
  for (const std::string& variant : cpu_variants_here())
    backends.push_back(cpu_backend(variant, /*n_threads=*/2));
  return backends;
}

TEST(Transfer, WhatIsWrittenIsDownloadedBitForBit) {
  std::vector<float> numbers(15);
  // Integers travel as bits: small ones are denormal numbers, negative ones are not numbers.
  for (int i = 0; i < 15; ++i) numbers[i] = std::bit_cast<float>(int32_t{i} - 3);
  for (const auto& backend : all_backends()) {
    OwnedTensor x(3, 5);
    backend->write(x, numbers);
    EXPECT_TRUE(x.gaps_are_untouched());
    std::vector<float> back(15);
    ASSERT_TRUE(backend->download(back, x));
    expect_same_bits(back, numbers, 5, std::string(backend->name()));
  }
}

TEST(Transfer, AStackWhoseMatricesWereReplacedIsTheOneThatTheyAreFrom) {
  constexpr int kCount = 3, kRows = 150, kCols = 256;
  for (const DType dtype : kAllDTypes) {
    const WeightData before = random_weight(dtype, kCount, kRows, kCols, 1);
    const WeightData after = random_weight(dtype, kCount, kRows, kCols, 2);
    OwnedTensor x = OwnedTensor::random(4, kCount * kCols, 3);
    for (const auto& backend : all_backends()) {
      const auto run = [&](const Weight& w) {
        OwnedTensor y(4, kCount * kRows);
        backend->matmul_heads(y.view().heads(kCount), x.view().heads(kCount), w);
        return y.numbers();
      };
      const auto replaced = upload(*backend, before), whole = upload(*backend, after);
      ASSERT_TRUE(backend->can_replace(*replaced));
      // One that spoils a neighbour does so after the neighbour is there.
      for (const int matrix : {1, 2, 0})
        backend->replace(*replaced, matrix, matrix_of(after, matrix));
      expect_same_bits(run(*replaced), run(*whole), kRows, std::string(info(dtype).name));
    }
  }
}

}  // namespace
}  // namespace fathom::engine::test
