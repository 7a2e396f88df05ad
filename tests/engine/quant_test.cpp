// The decoders of engine/quant against values by gguf-py (tests/data/quant/vectors.json).

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/quant/dequantize.h"
#include "engine/quant/half.h"

namespace fathom::engine {
namespace {

const nlohmann::json& vectors() {
  static const nlohmann::json json =
      nlohmann::json::parse(std::ifstream("tests/data/quant/vectors.json"));
  return json.at("types");
}

std::vector<std::byte> from_hex(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

void expect_same_bits(const std::vector<float>& got, const std::vector<float>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_EQ(std::bit_cast<uint32_t>(got[i]), std::bit_cast<uint32_t>(expected[i]))
        << "number " << i << ": " << got[i] << " instead of " << expected[i];
}

void check(const char* type_name, DType dtype) {
  for (const auto& item : vectors().at(type_name).at("cases")) {
    SCOPED_TRACE(std::string(type_name) + ", " + item.at("name").get<std::string>());
    const std::vector<float> expected = item.at("floats");
    const std::vector<std::byte> bytes = from_hex(item.at("bytes"));
    // One byte further than an allocation begins: tensors in a file may lie anywhere.
    std::vector<std::byte> unaligned(1);
    unaligned.insert(unaligned.end(), bytes.begin(), bytes.end());
    std::vector<float> got(expected.size());
    dequantize(dtype, std::span(unaligned).subspan(1), got);
    expect_same_bits(got, expected);
  }
}

TEST(Dequantize, EqualsGgmlBitForBit) {
  check("BF16", DType::bf16);
  check("Q8_0", DType::q8_0);
  check("Q4_0", DType::q4_0);
  check("Q4_K", DType::q4_k);
  check("Q5_K", DType::q5_k);
  check("Q6_K", DType::q6_k);
}

TEST(Dequantize, CopiesF32AndWidensF16) {
  const float numbers[] = {0.0f, -1.5f, 3.25e-20f};
  std::vector<float> copied(3);
  dequantize(DType::f32, std::as_bytes(std::span(numbers)), copied);
  EXPECT_EQ(copied, std::vector<float>({0.0f, -1.5f, 3.25e-20f}));

  const uint16_t halves[] = {0x3c00, 0xc000, 0x0001};
  std::vector<float> widened(3);
  dequantize(DType::f16, std::as_bytes(std::span(halves)), widened);
  EXPECT_EQ(widened, std::vector<float>({1.0f, -2.0f, 0x1p-24f}));
}

TEST(Dequantize, AcceptsNothing) {
  for (const DType dtype : kAllDTypes) dequantize(dtype, {}, {});
}

TEST(Half, ReadsEveryF16AsItsDefinitionSays) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const int exponent = static_cast<int>(bits >> 10 & 31);
    const int fraction = static_cast<int>(bits & 1023);
    const float got = f16_to_f32(static_cast<uint16_t>(bits));
    ASSERT_EQ(std::signbit(got), bits >> 15 != 0);
    if (exponent == 31 && fraction != 0) {
      ASSERT_TRUE(std::isnan(got));
      continue;
    }
    const double expected = exponent == 31  ? std::numeric_limits<double>::infinity()
                            : exponent == 0 ? std::ldexp(fraction, -24)
                                            : std::ldexp(1024 + fraction, exponent - 25);
    ASSERT_EQ(std::fabs(got), expected) << bits;
  }
}

TEST(Half, GivesBackEveryF16) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = f16_to_f32(static_cast<uint16_t>(bits));
    if (std::isnan(value))
      ASSERT_TRUE(std::isnan(f16_to_f32(f32_to_f16(value))));
    else
      ASSERT_EQ(f32_to_f16(value), bits);
  }
}

TEST(Half, RoundsF16ToNearestWithTiesToEven) {
  // Between each pair of neighbours: the middle goes to the even one, a hair beyond it to the
  // nearer.
  for (uint16_t lower = 0; lower < 0x7bff; ++lower) {
    const uint16_t upper = static_cast<uint16_t>(lower + 1);
    const float middle = (f16_to_f32(lower) + f16_to_f32(upper)) / 2;  // exact in f32
    ASSERT_EQ(f32_to_f16(middle), lower % 2 == 0 ? lower : upper) << lower;
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, 0.0f)), lower) << lower;
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, 1e9f)), upper) << lower;
    ASSERT_EQ(f32_to_f16(-middle), 0x8000 | (lower % 2 == 0 ? lower : upper)) << lower;
  }
  EXPECT_EQ(f32_to_f16(65519.996f), 0x7bff);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00);
  EXPECT_EQ(f32_to_f16(-1e30f), 0xfc00);
}

TEST(Half, RoundsBf16AsGgmlDoes) {
  const auto& quantise = vectors().at("BF16").at("quantise");
  const std::vector<float> input = quantise.at("input");
  const std::vector<std::byte> expected = from_hex(quantise.at("bytes"));
  ASSERT_EQ(expected.size(), 2 * input.size());
  for (size_t i = 0; i < input.size(); ++i) {
    uint16_t bits = 0;
    std::memcpy(&bits, expected.data() + 2 * i, 2);
    ASSERT_EQ(f32_to_bf16(input[i]), bits) << input[i];
  }
  EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(std::bit_cast<float>(0x7f800001u)))));
  EXPECT_EQ(f32_to_bf16(std::numeric_limits<float>::max()), 0x7f80);
}

}  // namespace
}  // namespace fathom::engine
