// Weights whose scales lie apart from their numbers (BlockScales), on every host backend; and the
// scales of formats that few files use to the end of their range.

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <utility>

#include <gtest/gtest.h>

#include "engine/quant/half.h"
#include "engine/reference/host_weight.h"
#include "engine/reference/reference_backend.h"
#include "tests/support/op_data.h"

namespace fathom::engine::test {
namespace {

/// Numbers of FP8, none of which is NaN, and scales around 0.01.
struct Fp8Weight {
  Fp8Weight(int count, int rows, int cols, int block_rows, int block_cols) {
    std::mt19937 random(1);
    for (int64_t i = 0; i < int64_t{count} * rows * cols; ++i) {
      const uint32_t bits = random() & 255;
      bytes.push_back(static_cast<std::byte>((bits & 127) == 127 ? 0 : bits));
    }
    data = {.name = "w",
            .dtype = DType::f8_e4m3,
            .count = count,
            .rows = rows,
            .cols = cols,
            .bytes = {},
            .scales = {},
            .owner = nullptr};
    if (block_rows > 0) {
      const int64_t n = int64_t{count} * ((rows + block_rows - 1) / block_rows) *
                        ((cols + block_cols - 1) / block_cols);
      for (int64_t i = 0; i < n; ++i)
        scales.push_back(std::uniform_real_distribution<float>(-0.02f, 0.02f)(random));
      data.scales = {block_rows, block_cols, scales};
    }
    data.bytes = bytes;
  }

  /// By the definition of BlockScales.
  float expected(int matrix, int row, int col) const {
    const int64_t index = (int64_t{matrix} * data.rows + row) * data.cols + col;
    const float number = f8_e4m3_to_f32(static_cast<uint8_t>(bytes[index]));
    if (scales.empty()) return number;
    const BlockScales& s = data.scales;
    const int n_rows = (data.rows + s.rows - 1) / s.rows;
    const int n_cols = (data.cols + s.cols - 1) / s.cols;
    return number * scales[(matrix * n_rows + row / s.rows) * n_cols + col / s.cols];
  }

  std::vector<std::byte> bytes;
  std::vector<float> scales;
  WeightData data;
};

struct Blocks {
  int count, rows, cols, block_rows, block_cols;
};

// Whole and partial blocks of DeepSeek-V3; blocks that no panel of 16 rows fits; rows that are not
// whole steps of 4 columns; one block for everything; no scales.
constexpr Blocks kBlocks[] = {{1, 256, 256, 128, 128}, {2, 130, 200, 128, 128}, {1, 50, 90, 24, 40},
                              {3, 17, 31, 5, 4},       {1, 1, 70, 1, 32},       {2, 33, 45, 64, 64},
                              {1, 20, 37, 0, 0},       {1, 1, 5, 0, 0}};

std::vector<std::unique_ptr<Backend>> host_backends() {
  std::vector<std::unique_ptr<Backend>> backends;
  backends.push_back(std::make_unique<ReferenceBackend>(2));
  for (const std::string& variant : cpu_variants_here())
    backends.push_back(cpu_backend(variant, 2));
  return backends;
}

TEST(BlockScales, MultiplyTheNumbersOfTheirBlocks) {
  for (const Blocks& b : kBlocks) {
    const Fp8Weight fp8(b.count, b.rows, b.cols, b.block_rows, b.block_cols);
    for (const auto& backend : host_backends()) {
      const auto w = upload(*backend, fp8.data);
      std::vector<float> row(b.cols);
      for (int matrix = 0; matrix < b.count; ++matrix) {
        for (int r = 0; r < b.rows; ++r) {
          host_weight(*w).read_row(matrix, r, row);
          for (int c = 0; c < b.cols; ++c) {
            ASSERT_EQ(row[c], fp8.expected(matrix, r, c))
                << backend->description() << ": matrix " << matrix << ", row " << r << ", " << c;
          }
        }
      }
    }
  }
}

TEST(BlockScales, EnterMatrixProducts) {
  for (const Blocks& b : kBlocks) {
    const Fp8Weight fp8(b.count, b.rows, b.cols, b.block_rows, b.block_cols);
    constexpr int kRows = 6;
    OwnedTensor x = OwnedTensor::random(kRows, b.count * b.cols, 2);
    std::vector<float> expected;
    for (int row = 0; row < kRows; ++row) {
      for (int matrix = 0; matrix < b.count; ++matrix) {
        const float* numbers = x.view().row(row) + matrix * b.cols;
        for (int r = 0; r < b.rows; ++r) {
          double sum = 0.0;
          for (int c = 0; c < b.cols; ++c) sum += double{numbers[c]} * fp8.expected(matrix, r, c);
          expected.push_back(static_cast<float>(sum));
        }
      }
    }
    for (const auto& backend : host_backends()) {
      OwnedTensor y(kRows, b.count * b.rows);
      backend->matmul_heads(y.view().heads(b.count), x.view().heads(b.count),
                            *upload(*backend, fp8.data));
      // f32 sums of 256 terms in four parts.
      expect_close(y.numbers(), expected, b.count * b.rows, {.relative = 0.0, .absolute = 1e-5},
                   backend->description());
    }
  }
}

TEST(BlockScales, LeaveANumberThatIsNotOne) {
  Fp8Weight fp8(1, 20, 128, 128, 128);
  fp8.bytes[128 * 3 + 5] = std::byte{0x7f};
  fp8.bytes[128 * 19 + 127] = std::byte{0xff};
  OwnedTensor x = OwnedTensor::random(1, 128, 2);
  for (const auto& backend : host_backends()) {
    OwnedTensor y(1, 20);
    backend->matmul(y, x, *upload(*backend, fp8.data));
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(std::isnan(y.view().row(0)[i]), i == 3 || i == 19) << backend->description();
  }
}

TEST(BlockScales, AreRefusedWhereTheyDoNotFit) {
  const Fp8Weight fp8(2, 130, 200, 128, 128);
  std::vector<float> scales = fp8.scales;
  const auto refused = [&](WeightData data) {
    const ErrorCode code = ReferenceBackend(1).upload(data).error().code;
    for (const auto& backend : host_backends()) {
      EXPECT_EQ(backend->upload(data).error().code, code) << backend->description();
    }
    return code;
  };
  const auto with = [&](int rows, int cols, std::span<const float> values) {
    WeightData data = fp8.data;
    data.scales = {rows, cols, values};
    return data;
  };
  ASSERT_EQ(scales.size(), 8u);
  EXPECT_EQ(refused(with(128, 128, std::span(scales).first(7))), ErrorCode::corrupt);
  EXPECT_EQ(refused(with(128, 128, {})), ErrorCode::corrupt);
  EXPECT_EQ(refused(with(64, 128, scales)), ErrorCode::corrupt);
  EXPECT_EQ(refused(with(0, 128, scales)), ErrorCode::unsupported);
  EXPECT_EQ(refused(with(-128, 128, scales)), ErrorCode::unsupported);
  EXPECT_EQ(refused(with(128, 0, scales)), ErrorCode::unsupported);
  EXPECT_EQ(refused(with(128, 130, scales)), ErrorCode::unsupported);
  WeightData other = random_weight(DType::bf16, 2, 130, 200, 1);
  other.scales = fp8.data.scales;
  EXPECT_EQ(refused(other), ErrorCode::unsupported);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity(), -0x1p100f}) {
    scales[5] = bad;
    EXPECT_EQ(refused(with(128, 128, scales)), ErrorCode::corrupt) << bad;
  }
}

TEST(Mxfp4, KernelsReadTheSmallestAndTheLargestExponents) {
  // Scale 2^(e - 128); x brings the products to ordinary sizes. Beyond 252, 12 times it is no f32.
  for (const auto& [e, size] : {std::pair<int, float>{0, 0x1p120f},
                                {1, 0x1p120f},
                                {2, 0x1p120f},
                                {128, 1.0f},
                                {250, 0x1p-60f}}) {
    std::vector<std::byte> bytes(17 * 20);
    std::mt19937 random(7);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 255);
    for (int row = 0; row < 20; ++row) bytes[17 * row] = static_cast<std::byte>(e);
    const WeightData data = {.name = "w",
                             .dtype = DType::mxfp4,
                             .rows = 20,
                             .cols = 32,
                             .bytes = bytes,
                             .scales = {},
                             .owner = nullptr};
    OwnedTensor x(1, 32);
    for (int i = 0; i < 32; ++i) x.view().row(0)[i] = size * static_cast<float>(i * 4 + 3);
    ReferenceBackend reference(1);
    OwnedTensor expected(1, 20);
    reference.matmul(expected, x, *upload(reference, data));
    for (const auto& backend : host_backends()) {
      OwnedTensor y(1, 20);
      backend->matmul(y, x, *upload(*backend, data));
      // x is exact in 8 bits: 127 steps of `size`.
      expect_close(y.numbers(), expected.numbers(), 20, {.relative = 0.0, .absolute = 1e-6},
                   fmt::format("{}, exponent {}", backend->description(), e));
    }
  }
}

}  // namespace
}  // namespace fathom::engine::test
