#include "tests/support/op_data.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <gtest/gtest.h>

#include "engine/base/assert.h"
#include "engine/cpu/cpu_backend.h"
#include "engine/cpu/cpu_variant.h"
#include "engine/quant/half.h"

namespace fathom::engine::test {
namespace {

constexpr float kUntouched = -12345.5f;

float normal(std::mt19937& random) { return std::normal_distribution<float>()(random); }

uint16_t random_scale(std::mt19937& random, float size) {
  return f32_to_f16(size * std::uniform_real_distribution<float>(0.5f, 1.5f)(random));
}

void put_half(std::byte* out, uint16_t bits) { std::memcpy(out, &bits, sizeof bits); }

/// One block; every bit pattern of numbers and small scales is valid. `size` is about the root of
/// the mean square of its numbers.
void fill_block(DType dtype, std::byte* block, float size, std::mt19937& random) {
  const int block_bytes = info(dtype).block_bytes;
  for (int i = 0; i < block_bytes; ++i) block[i] = static_cast<std::byte>(random() & 255);
  switch (dtype) {
    case DType::f32: {
      const float number = size * normal(random);
      std::memcpy(block, &number, sizeof number);
      break;
    }
    case DType::f16:
      put_half(block, f32_to_f16(size * normal(random)));
      break;
    case DType::bf16:
      put_half(block, f32_to_bf16(size * normal(random)));
      break;
    case DType::f8_e4m3: {  // any number but NaN; the scales bring them to size
      if ((block[0] & std::byte{0x7f}) == std::byte{0x7f}) block[0] = std::byte{0};
      break;
    }
    case DType::q8_0:  // numbers of -128 to 127
      put_half(block, random_scale(random, size / 74));
      break;
    case DType::q4_0:  // -8 to 7
      put_half(block, random_scale(random, size / 4.6f));
      break;
    case DType::q4_1:  // 0 to 15, minimum of the mean
      put_half(block, random_scale(random, size / 4.6f));
      put_half(block + 2, random_scale(random, -1.63f * size));
      break;
    case DType::q5_0:  // -16 to 15
      put_half(block, random_scale(random, size / 9.2f));
      break;
    case DType::q5_1:
      put_half(block, random_scale(random, size / 9.2f));
      put_half(block + 2, random_scale(random, -1.68f * size));
      break;
    case DType::q2_k:  // scales of 0 to 15 times 0 to 3, minimum of 0 to 15
      put_half(block + 80, random_scale(random, size / 13));
      put_half(block + 82, random_scale(random, size / 9));
      break;
    case DType::q3_k:  // scales of -32 to 31 times -4 to 3
      put_half(block + 108, random_scale(random, size / 43));
      break;
    case DType::q4_k:  // scales of 0 to 63 times 0 to 15, minimum of about the mean
      put_half(block, random_scale(random, size / 200));
      put_half(block + 2, random_scale(random, size / 27));
      break;
    case DType::q5_k:
      put_half(block, random_scale(random, size / 400));
      put_half(block + 2, random_scale(random, size / 27));
      break;
    case DType::q6_k:  // scales of -128 to 127 times -32 to 31
      put_half(block + 208, random_scale(random, size / 1370));
      break;
    case DType::iq4_nl:  // -127 to 113
      put_half(block, random_scale(random, size / 69));
      break;
    case DType::iq4_xs:  // scales of -32 to 31 times that
      put_half(block, random_scale(random, size / 1280));
      break;
    case DType::mxfp4:  // 2^(e - 128) times -12 to 12, 5.4 in the root mean square
      block[0] = static_cast<std::byte>(128 + std::lround(std::log2(size / 5.4f)) + random() % 2);
      break;
  }
}

}  // namespace

std::vector<std::string> cpu_variants_here() {
  std::vector<std::string> names;
  for (const cpu::CpuVariant& variant : cpu::cpu_variants()) {
    if (variant.is_supported()) names.emplace_back(variant.name);
  }
  return names;
}

std::unique_ptr<Backend> cpu_backend(const std::string& variant, int n_threads) {
  const auto chosen = cpu::choose_cpu_variant(variant);
  FATHOM_ASSERT(chosen.has_value());
  return std::make_unique<cpu::CpuBackend>(**chosen, n_threads);
}

OwnedTensor::OwnedTensor(int rows, int cols, int gap)
    : rows_(rows), cols_(cols), stride_(cols + gap), storage_(rows * stride_, kUntouched) {}

OwnedTensor OwnedTensor::random(int rows, int cols, uint32_t seed) {
  std::mt19937 random(seed);
  OwnedTensor tensor(rows, cols);
  const Tensor view = tensor.view();
  for (int row = 0; row < rows; ++row) {
    for (int i = 0; i < cols; ++i) view.row(row)[i] = normal(random);
  }
  return tensor;
}

Tensor OwnedTensor::view() { return {storage_.data(), rows_, cols_, stride_}; }

std::vector<float> OwnedTensor::numbers() const {
  std::vector<float> numbers;
  for (int row = 0; row < rows_; ++row) {
    const float* begin = storage_.data() + row * stride_;
    numbers.insert(numbers.end(), begin, begin + cols_);
  }
  return numbers;
}

bool OwnedTensor::gaps_are_untouched() const {
  for (int row = 0; row < rows_; ++row) {
    for (int64_t i = cols_; i < stride_; ++i) {
      if (storage_[row * stride_ + i] != kUntouched) return false;
    }
  }
  return true;
}

WeightData random_weight(DType dtype, int count, int rows, int cols, uint32_t seed) {
  struct Storage {
    std::vector<std::byte> bytes;
    std::vector<float> scales;
  };
  const auto storage = std::make_shared<Storage>();
  std::mt19937 random(seed);
  const DTypeInfo& type = info(dtype);
  const int64_t n_blocks = int64_t{count} * rows * cols / type.block_elements;
  storage->bytes.resize(n_blocks * type.block_bytes);
  const float size = 1.0f / std::sqrt(static_cast<float>(cols));
  for (int64_t i = 0; i < n_blocks; ++i) {
    fill_block(dtype, storage->bytes.data() + i * type.block_bytes, size, random);
  }
  WeightData data = {.name = std::string(type.name),
                     .dtype = dtype,
                     .count = count,
                     .rows = rows,
                     .cols = cols,
                     .bytes = storage->bytes,
                     .scales = {},
                     .owner = storage};
  if (dtype == DType::f8_e4m3) {
    constexpr int kSide = 128;  // as DeepSeek-V3
    const int64_t n_scales =
        int64_t{count} * ((rows + kSide - 1) / kSide) * ((cols + kSide - 1) / kSide);
    for (int64_t i = 0; i < n_scales; ++i) {
      storage->scales.push_back(size / 110 *
                                std::uniform_real_distribution<float>(0.5f, 1.5f)(random));
    }
    data.scales = {kSide, kSide, storage->scales};
  }
  return data;
}

WeightData matrix_of(WeightData stack, int matrix) {
  const size_t n = stack.bytes.size() / stack.count,
               n_scales = stack.scales.values.size() / stack.count;
  stack.bytes = stack.bytes.subspan(matrix * n, n);
  stack.scales.values = stack.scales.values.subspan(matrix * n_scales, n_scales);
  stack.count = 1;
  return stack;
}

std::unique_ptr<Weight> upload(Backend& backend, const WeightData& data) {
  auto weight = backend.upload(data);
  EXPECT_TRUE(weight.has_value()) << (weight ? "" : weight.error().message);
  return weight ? std::move(*weight) : nullptr;
}

void expect_close(std::span<const float> actual, std::span<const float> expected, int cols,
                  Tolerance tolerance, const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  double squares = 0.0;
  size_t n_finite = 0;
  for (const float number : expected) {
    if (!std::isfinite(number)) continue;
    squares += double{number} * number;
    ++n_finite;
  }
  const double rms = n_finite > 0 ? std::sqrt(squares / static_cast<double>(n_finite)) : 0.0;

  size_t worst = 0;
  double worst_share = 0.0;
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSERT_EQ(std::isfinite(actual[i]), std::isfinite(expected[i]))
        << what << ": row " << i / cols << ", column " << i % cols << ": " << actual[i]
        << " instead of " << expected[i];
    if (!std::isfinite(expected[i])) continue;
    const double limit = tolerance.relative * std::abs(expected[i]) + tolerance.absolute * rms;
    const double error = std::abs(double{actual[i]} - expected[i]);
    const double share = error == 0.0 ? 0.0 : error / limit;
    if (share > worst_share) {
      worst_share = share;
      worst = i;
    }
  }
  EXPECT_LE(worst_share, 1.0) << what << ": row " << worst / cols << ", column " << worst % cols
                              << ": " << actual[worst] << " instead of " << expected[worst]
                              << " (rms " << rms << ")";
}

void expect_same_bits(std::span<const float> actual, std::span<const float> expected, int cols,
                      const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint32_t>(actual[i]), std::bit_cast<uint32_t>(expected[i]))
        << what << ": row " << i / cols << ", column " << i % cols << ": " << actual[i]
        << " instead of " << expected[i];
  }
}

OwnedTensor rounded_to_8_bits(Tensor x) {
  OwnedTensor rounded(x.rows, x.cols);
  const Tensor out = rounded.view();
  for (int row = 0; row < x.rows; ++row) {
    for (int first = 0; first < x.cols; first += 32) {
      float largest = 0.0f;
      for (int i = first; i < first + 32; ++i) {
        largest = std::max(largest, std::abs(x.row(row)[i]));
      }
      const float scale = largest / 127.0f;
      for (int i = first; i < first + 32; ++i) {
        const float steps = largest > 0.0f ? x.row(row)[i] * (127.0f / largest) : 0.0f;
        out.row(row)[i] = scale * std::nearbyint(steps);
      }
    }
  }
  return rounded;
}

}  // namespace fathom::engine::test
