// The encoders of engine/quant: against gguf-py where it has one, otherwise by what is left of the
// numbers after a round trip.

#include "engine/quant/quantize.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/quant/dequantize.h"
#include "tests/support/golden.h"

namespace fathom::engine {
namespace {

std::vector<std::byte> encoded(DType dtype, const std::vector<float>& x) {
  std::vector<std::byte> bytes(row_bytes(dtype, static_cast<int64_t>(x.size())).value());
  quantize(dtype, x, bytes);
  return bytes;
}

std::vector<float> round_trip(DType dtype, const std::vector<float>& x) {
  std::vector<float> back(x.size());
  dequantize(dtype, encoded(dtype, x), back);
  return back;
}

double rms_of_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double squares = 0.0;
  for (size_t i = 0; i < a.size(); ++i) squares += std::pow(double{a[i]} - b[i], 2);
  return std::sqrt(squares / static_cast<double>(a.size()));
}

/// Root of the mean square of the error as a share of that of the numbers.
double relative_error(const std::vector<float>& x, const std::vector<float>& back) {
  return rms_of_difference(x, back) / rms_of_difference(x, std::vector<float>(x.size()));
}

/// Normal numbers whose size changes from one 64 to the next, as the columns of a weight do.
std::vector<float> weight_like_numbers(int n, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> x;
  float size = 1.0f;
  for (int i = 0; i < n; ++i) {
    if (i % 64 == 0) size = 0.02f * std::uniform_real_distribution<float>(0.5f, 2.0f)(random);
    x.push_back(size * std::normal_distribution<float>()(random));
  }
  return x;
}

// gguf-py.

void expect_bytes_of_gguf_py(const std::filesystem::path& path) {
  const nlohmann::json types = nlohmann::json::parse(std::ifstream(path)).at("types");
  int n_types = 0;
  for (const DType dtype : kAllDTypes) {
    std::string name(info(dtype).name);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (!types.contains(name) || !types.at(name).contains("quantise")) continue;
    ++n_types;
    const auto& quantise = types.at(name).at("quantise");
    std::string hex;
    for (const std::byte byte : encoded(dtype, quantise.at("input")))
      hex += fmt::format("{:02x}", static_cast<int>(byte));
    EXPECT_EQ(hex, quantise.at("bytes").get<std::string>()) << name;
  }
  EXPECT_EQ(n_types, 7);
}

TEST(Quantize, GivesTheBytesOfGgufPy) { expect_bytes_of_gguf_py("tests/data/quant/vectors.json"); }

TEST(Quantize, GivesTheBytesOfGgufPyForTheWholeSharedFile) {
  const std::filesystem::path path = shared_folder() / "golden" / "quants.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  expect_bytes_of_gguf_py(path);
}

// Round trips.

enum class Grid { none, from_min, symmetric };

/// What a quantiser leaves that does not search, with scales that are not rounded: a uniform grid
/// from the least to the largest number of each group, or one whose first level is the number of
/// largest magnitude and whose middle is 0.
double naive_error(const std::vector<float>& x, Grid grid, int group, int n_levels) {
  std::vector<float> back(x.size());
  for (size_t first = 0; first < x.size(); first += group) {
    const auto begin = x.begin() + static_cast<int64_t>(first);
    const auto [min, max] = std::minmax_element(begin, begin + group);
    const float peak = -*min > *max ? *min : *max;
    const bool symmetric = grid == Grid::symmetric;
    const float start = symmetric ? peak : *min;
    const float step = symmetric ? -peak / static_cast<float>(n_levels / 2)
                                 : (*max - *min) / static_cast<float>(n_levels - 1);
    for (size_t i = first; i < first + group; ++i) {
      const float level = std::min(std::round((x[i] - start) / step), n_levels - 1.0f);
      back[i] = start + step * level;
    }
  }
  return relative_error(x, back);
}

struct ErrorBound {
  DType dtype;
  double error;  // share of the rms
  Grid grid = Grid::none;
  int group = 0;
  int n_levels = 0;
};

// Measured, and a twentieth more. Types that search must leave less than the naive grid of their
// groups and levels.
constexpr ErrorBound kErrorBounds[] = {
    {DType::f32, 1e-9},
    {DType::f16, 0.00022},
    {DType::bf16, 0.00175},
    {DType::q8_0, 0.0056},
    {DType::q6_k, 0.0177, Grid::symmetric, 16, 64},
    {DType::q5_k, 0.0368, Grid::from_min, 32, 32},
    {DType::q5_1, 0.0397},
    {DType::q5_0, 0.0449},
    {DType::q4_k, 0.0741, Grid::from_min, 32, 16},
    {DType::iq4_nl, 0.0777, Grid::symmetric, 32, 16},
    {DType::iq4_xs, 0.0786, Grid::symmetric, 32, 16},
    {DType::q4_1, 0.0819},
    {DType::q4_0, 0.0902},
    {DType::mxfp4, 0.122},
    {DType::q3_k, 0.151, Grid::symmetric, 16, 8},
    {DType::q2_k, 0.28, Grid::from_min, 16, 4},
};

TEST(Quantize, LeavesTheErrorOfItsBitsAndLessThanWithoutASearch) {
  const std::vector<float> x = weight_like_numbers(256 * 64, 1);
  for (const ErrorBound& bound : kErrorBounds) {
    const double error = relative_error(x, round_trip(bound.dtype, x));
    EXPECT_LT(error, bound.error) << info(bound.dtype).name;
    if (bound.grid == Grid::none) continue;
    EXPECT_LT(error, 0.97 * naive_error(x, bound.grid, bound.group, bound.n_levels))
        << info(bound.dtype).name;
  }
}

std::vector<DType> writable_types() {
  std::vector<DType> types;
  for (const DType dtype : kAllDTypes)
    if (can_quantize(dtype)) types.push_back(dtype);
  return types;
}

TEST(Quantize, WritesAllTypesButFp8) {
  EXPECT_EQ(writable_types().size(), static_cast<size_t>(kDTypes - 1));
  EXPECT_FALSE(can_quantize(DType::f8_e4m3));
}

TEST(Quantize, KeepsZerosAndSparseNumbers) {
  for (const DType dtype : writable_types()) {
    const std::vector<float> zeros(512);
    EXPECT_EQ(round_trip(dtype, zeros), zeros) << info(dtype).name;
    std::vector<float> sparse(512);
    sparse[40] = 0.5f;
    sparse[300] = -0.25f;
    const std::vector<float> back = round_trip(dtype, sparse);
    // The levels of IQ4 have no 0: the zeros become 1/127 of the largest number.
    const bool is_iq4 = dtype == DType::iq4_nl || dtype == DType::iq4_xs;
    EXPECT_LT(relative_error(sparse, back), is_iq4 ? 0.046 : 0.02) << info(dtype).name;
  }
}

TEST(Quantize, KeepsConstants) {
  for (const DType dtype : writable_types()) {
    for (const float constant : {1.0f, -1.0f, 0.0123f, -300.0f}) {
      const std::vector<float> x(256, constant);
      // The powers of two that MXFP4 has for scales leave a gap of a quarter between its levels.
      const double limit = dtype == DType::mxfp4 ? 0.21 : 0.015;
      EXPECT_LT(relative_error(x, round_trip(dtype, x)), limit)
          << info(dtype).name << " of " << constant;
    }
  }
}

TEST(Quantize, TakesEachBlockByItself) {
  const std::vector<float> x = weight_like_numbers(512, 3);
  for (const DType dtype : writable_types()) {
    std::vector<std::byte> parts = encoded(dtype, {x.begin(), x.begin() + 256});
    const std::vector<std::byte> second = encoded(dtype, {x.begin() + 256, x.end()});
    parts.insert(parts.end(), second.begin(), second.end());
    EXPECT_EQ(encoded(dtype, x), parts) << info(dtype).name;
  }
}

// Hostile numbers.

TEST(Quantize, MakesFiniteBlocksOfAnyNumbers) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kMax = std::numeric_limits<float>::max();
  constexpr float kHostile[] = {kInfinity, -kInfinity, kNan,    -kNan,  kMax,   -kMax, 65504.0f,
                                65536.0f,  1e-45f,     -1e-45f, 1e-38f, 1e-30f, 1e-7f, -0.0f};
  std::mt19937 random(1);
  for (const DType dtype : writable_types()) {
    if (info(dtype).block_elements == 1) continue;
    for (int round = 0; round < 200; ++round) {
      // All of one kind, a few among ordinary ones, or any bits.
      std::vector<float> x = weight_like_numbers(256, round);
      const size_t n_hostile = round % 3 == 0 ? 256 : 1 + random() % 5;
      const float kind = kHostile[random() % std::size(kHostile)];
      for (size_t i = 0; i < n_hostile; ++i) {
        x[n_hostile == 256 ? i : random() % 256] =
            round % 3 == 2 ? std::bit_cast<float>(static_cast<uint32_t>(random())) : kind;
      }
      for (const float number : round_trip(dtype, x))
        ASSERT_TRUE(std::abs(number) <= 2 * 65504.0f) << info(dtype).name << ": " << number;
    }
  }
}

TEST(Quantize, CountsNanAsZeroAndClampsToTheRangeOfF16) {
  std::vector<float> hostile = weight_like_numbers(256, 5);
  std::vector<float> tame = hostile;
  hostile[3] = std::numeric_limits<float>::quiet_NaN();
  tame[3] = 0.0f;
  hostile[100] = std::numeric_limits<float>::infinity();
  tame[100] = 65504.0f;
  hostile[200] = -1e30f;
  tame[200] = -65504.0f;
  for (const DType dtype : writable_types()) {
    if (info(dtype).block_elements == 1) continue;
    EXPECT_EQ(encoded(dtype, hostile), encoded(dtype, tame)) << info(dtype).name;
  }
}

TEST(Quantize, KeepsWhatIsNotFiniteInFloatTypes) {
  const std::vector<float> x = {std::numeric_limits<float>::infinity(), 1.0f,
                                std::numeric_limits<float>::quiet_NaN()};
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const std::vector<float> back = round_trip(dtype, x);
    EXPECT_EQ(back[0], x[0]);
    EXPECT_EQ(back[1], x[1]);
    EXPECT_TRUE(std::isnan(back[2]));
  }
}

}  // namespace
}  // namespace fathom::engine
