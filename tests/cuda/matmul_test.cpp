// Matrix products and feed-forward blocks of the GPU backend against the reference.

#include <cmath>

#include <gtest/gtest.h>

#include "tests/cuda/on_device.h"

namespace fathom::engine::test {
namespace {

/// Of inputs that are bf16: products are exact, what is left are f32 sums, which tensor cores round
/// several times a block, downwards: some 2^-23 of the largest partial sum for each 16 columns.
constexpr Tolerance kSums = {.relative = 0.0, .absolute = 5e-5};
/// Inputs rounded to bf16: an error of at most 2^-9 of each, which adds up like the terms; more
/// of a sum that happens to be small.
constexpr Tolerance kBf16Inputs = {.relative = 0.0, .absolute = 0.03};

struct Shape {
  int n, outputs, cols;
};

// Ones, odd numbers, both sides of the tiles (8 rows, 16 outputs, 128 columns; 64 rows, 128
// outputs).
constexpr Shape kShapes[] = {{1, 1, 256},   {1, 17, 256},   {2, 15, 1280},
                             {3, 33, 768},  {8, 16, 2304},  {9, 48, 512},
                             {17, 20, 256}, {33, 130, 256}, {65, 40, 768}};

std::vector<Shape> shapes_for(DType dtype) {
  std::vector<Shape> shapes(std::begin(kShapes), std::end(kShapes));
  const int block = info(dtype).block_elements;
  if (block <= 32) shapes.insert(shapes.end(), {{1, 16, 32}, {3, 40, 192}, {40, 17, 96}});
  if (block == 1) shapes.insert(shapes.end(), {{1, 1, 1}, {2, 3, 5}, {4, 16, 31}, {9, 18, 65}});
  return shapes;
}

class Matmul : public OnDevice {
 protected:
  void check(DType dtype, const Shape& s) {
    const std::string what =
        fmt::format("{} [{}, {}] x [{}, {}]", info(dtype).name, s.n, s.cols, s.outputs, s.cols);
    const WeightData data = random_weight(dtype, 1, s.outputs, s.cols, 1);
    const std::vector<float> x = random_numbers(size_t(s.n) * s.cols, 2);
    for (const bool is_rounded : {true, false}) {
      const auto input = is_rounded ? rounded_to_bf16(x) : x;
      const Results y = on_both([&](Backend& backend) {
        const auto w = upload(backend, data);
        const DeviceTensor in(backend, s.n, s.cols, input);
        const DeviceTensor out(backend, s.n, s.outputs);
        backend.matmul(out, in, *w);
        EXPECT_TRUE(out.gaps_are_untouched()) << what;
        return out.numbers();
      });
      expect_close(y.device, y.reference, s.outputs,
                   is_rounded || dtype == DType::f32 ? kSums : kBf16Inputs, what);
    }
  }
};

TEST_F(Matmul, MatchesTheReferenceForEveryTypeAndShape) {
  for (const DType dtype : kAllDTypes) {
    for (const Shape& shape : shapes_for(dtype)) check(dtype, shape);
    if (HasFailure()) return;
  }
}

TEST_F(Matmul, GivesARowTheSameBitsInAnyCompany) {
  constexpr int kRows = 70, kOutputs = 40, kCols = 1536;
  const std::vector<float> x = random_numbers(size_t(kRows) * kCols, 2);
  for (const DType dtype : kAllDTypes) {
    const auto w = upload(device(), random_weight(dtype, 1, kOutputs, kCols, 1));
    const DeviceTensor in(device(), kRows, kCols, x);
    const DeviceTensor all(device(), kRows, kOutputs), part(device(), kRows, kOutputs);
    device().matmul(all, in, *w);
    for (const auto& [first, n] : {std::pair{0, 1}, {1, 7}, {8, 20}, {28, 42}}) {
      const auto rows = [&, first = first, n = n](Tensor t) {
        return Tensor{t.row(first), n, t.cols, t.stride};
      };
      device().matmul(rows(part), rows(in), *w);
    }
    expect_same_bits(part.numbers(), all.numbers(), kOutputs, std::string(info(dtype).name));
  }
}

TEST_F(Matmul, IsNotFiniteWhereTheReferenceIsNot) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> x = rounded_to_bf16(random_numbers(9 * 512, 2));
  x[1 * 512] = std::numeric_limits<float>::quiet_NaN();
  x[3 * 512 + 511] = kInfinity;
  x[4 * 512 + 100] = -kInfinity;
  std::fill_n(x.begin() + 6 * 512, 512, 0.0f);
  for (const DType dtype : kAllDTypes) {
    const Results y = on_both([&](Backend& backend) {
      const auto w = upload(backend, random_weight(dtype, 1, 20, 512, 1));
      const DeviceTensor in(backend, 9, 512, x), out(backend, 9, 20);
      backend.matmul(out, in, *w);
      return out.numbers();
    });
    expect_close(y.device, y.reference, 20, kSums, std::string(info(dtype).name));
  }
}

TEST_F(Matmul, OfHeadsReadsSlicesOfWiderOnes) {
  struct HeadsShape {
    int n, n_heads, outputs, cols;
  };
  for (const DType dtype : kAllDTypes) {
    for (const HeadsShape& s :
         {HeadsShape{1, 4, 48, 256}, {3, 3, 17, 512}, {70, 2, 33, 256}, {5, 4, 16, 64}}) {
      if (s.cols % info(dtype).block_elements != 0) continue;
      const auto x = rounded_to_bf16(random_numbers(size_t(s.n) * s.n_heads * (s.cols + 32), 2));
      const Results y = on_both([&](Backend& backend) {
        const auto w = upload(backend, random_weight(dtype, s.n_heads, s.outputs, s.cols, 1));
        const DeviceTensor in(backend, s.n, s.n_heads * (s.cols + 32), x);
        const DeviceTensor out(backend, s.n, s.n_heads * s.outputs);
        backend.matmul_heads(out.view().heads(s.n_heads), in.view().heads(s.n_heads, 0, s.cols),
                             *w);
        EXPECT_TRUE(out.gaps_are_untouched());
        return out.numbers();
      });
      expect_close(y.device, y.reference, s.n_heads * s.outputs, kSums,
                   std::string(info(dtype).name));
    }
  }
}

TEST_F(Matmul, BlockScalesEnterProducts) {
  for (const auto& [rows, cols] : {std::pair{128, 128}, {16, 32}, {3, 48}, {7, 20}}) {
    constexpr int kOutputs = 50, kCols = 300;
    WeightData data = random_weight(DType::f8_e4m3, 2, kOutputs, kCols, 1);
    const size_t n_scales = 2 * ((kOutputs + rows - 1) / rows) * ((kCols + cols - 1) / cols);
    const std::vector<float> scales = random_numbers(n_scales, 5);
    data.scales = {.rows = rows, .cols = cols, .values = scales};
    const auto x = rounded_to_bf16(random_numbers(size_t(3) * 2 * kCols, 2));
    const Results y = on_both([&](Backend& backend) {
      const auto w = upload(backend, data);
      const DeviceTensor in(backend, 3, 2 * kCols, x), out(backend, 3, 2 * kOutputs);
      backend.matmul_heads(out.view().heads(2), in.view().heads(2), *w);
      return out.numbers();
    });
    expect_close(y.device, y.reference, 2 * kOutputs, kSums, fmt::format("{} x {}", rows, cols));
  }
}

TEST_F(Matmul, EmbedGivesTheVeryNumbersOfTheFile) {
  const std::vector<TokenId> ids = {0, 49, 16, 15, 16, 31, 32, 7};
  for (const DType dtype : kAllDTypes) {
    for (const int cols : {512, 96, 7}) {
      if (cols % info(dtype).block_elements != 0) continue;
      const Results rows = on_both([&](Backend& backend) {
        const auto table = upload(backend, random_weight(dtype, 1, 50, cols, 1));
        const DeviceTensor out(backend, 8, cols);
        backend.embed(out, ids, *table);
        EXPECT_TRUE(out.gaps_are_untouched());
        return out.numbers();
      });
      expect_same_bits(rows.device, rows.reference, cols, std::string(info(dtype).name));
    }
  }
}

// Feed-forward blocks.

struct FfnTypes {
  DType gate, up, down;
};

std::vector<FfnTypes> ffn_types() {
  std::vector<FfnTypes> types;
  for (const DType dtype : kAllDTypes) types.push_back({dtype, dtype, dtype});
  types.push_back({DType::q4_k, DType::q4_k, DType::q6_k});
  types.push_back({DType::q4_k, DType::q8_0, DType::bf16});
  types.push_back({DType::f32, DType::q4_0, DType::f32});
  return types;
}

class Ffn : public OnDevice {
 protected:
  static constexpr int kDim = 256, kHidden = 256;

  struct Weights {
    Weights(Backend& backend, const FfnTypes& types, int count)
        : gate(upload(backend, random_weight(types.gate, count, kHidden, kDim, 1))),
          up(upload(backend, random_weight(types.up, count, kHidden, kDim, 2))),
          down(upload(backend, random_weight(types.down, count, kDim, kHidden, 3))) {}
    GatedFfnWeights view() const { return {gate.get(), up.get(), down.get(), /*limit=*/2.0f}; }

    std::unique_ptr<Weight> gate, up, down;
  };
  struct Scratch {
    Scratch(Backend& backend, int n)
        : gate(backend, n, kHidden), up(backend, n, kHidden), out(backend, n, kDim) {}
    FfnScratch views() const { return {gate, up, out}; }

    DeviceTensor gate, up, out;
  };
  static std::string name_of(const FfnTypes& types, int n) {
    return fmt::format("{} {} {}, {} rows", info(types.gate).name, info(types.up).name,
                       info(types.down).name, n);
  }
};

/// The hidden numbers, with a few large ones, are rounded to bf16.
constexpr Tolerance kFfn = {.relative = 0.0, .absolute = 0.025};

TEST_F(Ffn, MatchesTheReferenceAlsoInPlace) {
  for (const FfnTypes& types : ffn_types()) {
    for (const int n : {1, 3, 40}) {
      const auto x = rounded_to_bf16(random_numbers(size_t(n) * kDim, 4));
      const Results results = on_both([&](Backend& backend) {
        const Weights weights(backend, types, 1);
        const Scratch scratch(backend, n);
        const DeviceTensor in(backend, n, kDim, x), out(backend, n, kDim);
        backend.gated_ffn(out, in, weights.view(), scratch.views());
        EXPECT_TRUE(out.gaps_are_untouched());
        backend.gated_ffn(in, in, weights.view(), scratch.views());
        expect_same_bits(in.numbers(), out.numbers(), kDim, "in place");
        return out.numbers();
      });
      expect_close(results.device, results.reference, kDim, kFfn, name_of(types, n));
    }
    if (HasFailure()) return;
  }
}

TEST_F(Ffn, OfExpertsMatchesTheReference) {
  constexpr int kExperts = 4, kActive = 2;
  for (const FfnTypes& types : ffn_types()) {
    for (const int n : {1, 2, 70}) {
      const auto x = rounded_to_bf16(random_numbers(size_t(n) * kDim, 4));
      const auto logits = random_numbers(size_t(n) * kExperts, 7);
      const Results results = on_both([&](Backend& backend) {
        const Weights weights(backend, types, kExperts);
        const Scratch scratch(backend, n * kActive);
        const DeviceTensor in(backend, n, kDim, x), out(backend, n, kDim);
        const DeviceTensor scores(backend, n, kExperts, logits);
        const auto memory = backend.allocate(size_t(n) * kActive * 8).value();
        auto* ids = static_cast<int32_t*>(memory->data());
        const Routes routes = {ids, reinterpret_cast<float*>(ids + n * kActive), kActive};
        backend.route(routes, scores, nullptr, {.n_experts = kExperts, .n_active = kActive});
        backend.moe_ffn(out, in, routes, weights.view(), scratch.views());
        EXPECT_TRUE(out.gaps_are_untouched());
        return out.numbers();
      });
      expect_close(results.device, results.reference, kDim, kFfn, name_of(types, n));
    }
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace fathom::engine::test
