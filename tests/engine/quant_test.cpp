// The decoders of engine/quant against values by gguf-py (tests/data/quant/vectors.json).

#include <algorithm>
#include <bit>
#include <cctype>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/quant/dequantize.h"
#include "engine/quant/half.h"
#include "tests/support/golden.h"

namespace fathom::engine {
namespace {

nlohmann::json read_types(const std::filesystem::path& path) {
  return nlohmann::json::parse(std::ifstream(path)).at("types");
}

const nlohmann::json& vectors() {
  static const nlohmann::json types = read_types("tests/data/quant/vectors.json");
  return types;
}

/// In the files: "Q4_K".
std::string name_in_files(DType dtype) {
  std::string name(info(dtype).name);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
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

void check(const nlohmann::json& types, DType dtype) {
  const std::string type_name = name_in_files(dtype);
  for (const auto& item : types.at(type_name).at("cases")) {
    SCOPED_TRACE(type_name + ", " + item.at("name").get<std::string>());
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

/// Types that gguf-py decodes; numpy reads f32 and f16 by itself, and FP8 is not in GGUF.
bool is_in_files(DType dtype) {
  return dtype != DType::f32 && dtype != DType::f16 && dtype != DType::f8_e4m3;
}

TEST(Dequantize, EqualsGgmlBitForBit) {
  for (const DType dtype : kAllDTypes)
    if (is_in_files(dtype)) check(vectors(), dtype);
}

TEST(Dequantize, EqualsGgmlOnEveryBlockOfTheSharedFile) {
  const std::filesystem::path path = shared_folder() / "golden" / "quants.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  const nlohmann::json types = read_types(path);
  for (const DType dtype : kAllDTypes)
    if (is_in_files(dtype)) check(types, dtype);
}

TEST(Dequantize, ReadsTheSmallestAndTheLargestScalesOfMxfp4) {
  std::vector<std::byte> block(17, std::byte{0x17});  // 6 in the low nibble, 0.5 in the high one
  const std::pair<int, float> scales[] = {{0, 0x1p-127f}, {1, 0x1p-126f}, {2, 0x1p-125f},
                                          {127, 1.0f},    {128, 2.0f},    {254, 0x1p127f}};
  for (const auto& [e, scale] : scales) {
    block[0] = static_cast<std::byte>(e);
    std::vector<float> got(32);
    dequantize(DType::mxfp4, block, got);
    EXPECT_EQ(got[0], 6.0f * scale) << e;
    EXPECT_EQ(got[31], 0.5f * scale) << e;
  }
}

TEST(Dequantize, ReadsEveryFp8NumberAsItsDefinitionSays) {
  for (int bits = 0; bits < 256; ++bits) {
    const std::byte in[] = {static_cast<std::byte>(bits)};
    float got = 0.0f;
    dequantize(DType::f8_e4m3, in, {&got, 1});
    ASSERT_EQ(std::signbit(got), bits >= 128);
    const int exponent = bits >> 3 & 15;
    const int fraction = bits & 7;
    if (exponent == 15 && fraction == 7) {
      ASSERT_TRUE(std::isnan(got));
      continue;
    }
    const double expected =
        exponent == 0 ? std::ldexp(fraction, -9) : std::ldexp(8 + fraction, exponent - 10);
    ASSERT_EQ(std::fabs(got), expected) << bits;
  }
}

TEST(Dequantize, GivesANumberOrANanForAnyBytes) {
  std::mt19937 random(1);
  for (const DType dtype : kAllDTypes) {
    const DTypeInfo& type = info(dtype);
    for (int round = 0; round < 500; ++round) {
      std::vector<std::byte> bytes(3 * type.block_bytes);
      for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
      std::vector<float> once(3 * type.block_elements, 1.0f);
      std::vector<float> twice(3 * type.block_elements, 2.0f);
      dequantize(dtype, bytes, once);
      dequantize(dtype, bytes, twice);
      for (size_t i = 0; i < once.size(); ++i) {  // every number is written, from the bytes alone
        ASSERT_TRUE(once[i] == twice[i] || (std::isnan(once[i]) && std::isnan(twice[i])))
            << type.name << ", number " << i;
      }
    }
  }
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
