// Every operation of the CPU backend, in every variant of this machine, against the reference.
//
// Tolerances are shares of the root mean square of the expected numbers (Tolerance::absolute) or of
// the expected number itself.

#include <limits>
#include <map>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/reference/reference_backend.h"
#include "tests/support/op_data.h"
#include "tests/support/scattered_sequences.h"

namespace fathom::engine::test {
namespace {

bool is_quantised(DType dtype) { return info(dtype).block_elements > 1; }

/// f32 sums of up to 5504 terms in 4 to 172 parts, each rounded to 2^-24: a random walk stays
/// below sqrt(5504) * 2^-24 = 4.5e-6 of the size of the sum; doubled.
constexpr Tolerance kF32Sums = {.relative = 0.0, .absolute = 1e-5};
/// Inputs rounded to 8 bits: an error of at most max / 254, about 0.7 % of the size of the input
/// (a maximum of 32 normal numbers is about 2.1, the error is uniform), which adds up like the
/// terms themselves. Six standard deviations for the worst of many thousand outputs.
constexpr Tolerance k8BitInputs = {.relative = 0.0, .absolute = 0.05};
/// Elementwise in f32 with an exp of a few units in the last place.
constexpr Tolerance kElementwise = {.relative = 2e-6, .absolute = 1e-7};

class Ops : public testing::TestWithParam<std::string> {
 protected:
  Backend& cpu() { return *cpu_; }
  Backend& reference() { return reference_; }

 private:
  ReferenceBackend reference_{2};
  std::unique_ptr<Backend> cpu_ = cpu_backend(GetParam(), 2);
};

INSTANTIATE_TEST_SUITE_P(Cpu, Ops, testing::ValuesIn(cpu_variants_here()), [](const auto& param) {
  std::string name = param.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Ops);

// Matrix products.

struct MatmulShape {
  int n, outputs, cols;
};

// Ones, odd numbers, both sides of the tiles (16 outputs; 2, 4, 8, 16 rows; 32 or 256 columns),
// more rows, outputs and columns than one pass takes, and the shapes of the built-in model and of
// DeepSeek-Coder 1.3B.
constexpr MatmulShape kMatmulShapes[] = {
    {1, 1, 256},    {1, 15, 256},   {1, 16, 512},  {1, 17, 256},   {2, 33, 768},
    {3, 31, 256},   {4, 48, 256},   {5, 64, 512},  {7, 40, 256},   {8, 16, 256},
    {9, 16, 256},   {15, 130, 512}, {33, 65, 256}, {300, 20, 256}, {1, 2048, 512},
    {64, 192, 256}, {3, 300, 2048}, {1, 64, 5632}, {12, 270, 256}, {28, 40, 2304},
};

std::vector<MatmulShape> shapes_for(DType dtype) {
  std::vector<MatmulShape> shapes(std::begin(kMatmulShapes), std::end(kMatmulShapes));
  if (info(dtype).block_elements <= 32) {  // columns that are not whole 256s
    for (const MatmulShape& shape : {MatmulShape{1, 16, 32}, {3, 384, 192}, {5, 17, 96}}) {
      shapes.push_back(shape);
    }
  }
  if (!is_quantised(dtype)) {  // and not whole 32s
    for (const MatmulShape& shape : {MatmulShape{1, 1, 1}, {2, 3, 5}, {4, 16, 31}, {9, 18, 65}}) {
      shapes.push_back(shape);
    }
  }
  return shapes;
}

std::string describe(DType dtype, const MatmulShape& s) {
  return fmt::format("{} [{}, {}] x [{}, {}]", info(dtype).name, s.n, s.cols, s.outputs, s.cols);
}

TEST_P(Ops, MatmulMatchesTheReferenceForEveryTypeAndShape) {
  for (const DType dtype : kAllDTypes) {
    for (const MatmulShape& shape : shapes_for(dtype)) {
      const WeightData data = random_weight(dtype, 1, shape.outputs, shape.cols, 1);
      const auto w = upload(cpu(), data);
      const auto reference_w = upload(reference(), data);
      OwnedTensor x = OwnedTensor::random(shape.n, shape.cols, 2);
      OwnedTensor y(shape.n, shape.outputs);
      OwnedTensor expected(shape.n, shape.outputs);

      cpu().matmul(y, x, *w);
      reference().matmul(expected, x, *reference_w);
      expect_close(y.numbers(), expected.numbers(), shape.outputs,
                   is_quantised(dtype) ? k8BitInputs : kF32Sums, describe(dtype, shape));
      EXPECT_TRUE(y.gaps_are_untouched()) << describe(dtype, shape);

      if (is_quantised(dtype)) {  // the rounded input is the only difference
        OwnedTensor rounded = rounded_to_8_bits(x);
        reference().matmul(expected, rounded, *reference_w);
        expect_close(y.numbers(), expected.numbers(), shape.outputs, kF32Sums,
                     describe(dtype, shape) + ", rounded input");
      }
      if (HasFailure()) return;
    }
  }
}

TEST_P(Ops, MatmulIsNotFiniteWhereTheReferenceIsNot) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const DType dtype : kAllDTypes) {
    const WeightData data = random_weight(dtype, 1, 20, 512, 1);
    OwnedTensor x = OwnedTensor::random(9, 512, 2);
    x.view().row(1)[0] = std::numeric_limits<float>::quiet_NaN();
    x.view().row(3)[511] = kInfinity;
    x.view().row(4)[100] = -kInfinity;
    x.view().row(8)[300] = -std::numeric_limits<float>::quiet_NaN();
    std::fill_n(x.view().row(6), 512, 0.0f);
    std::fill_n(x.view().row(7), 512, 1e-38f);
    OwnedTensor y(9, 20);
    OwnedTensor expected(9, 20);
    cpu().matmul(y, x, *upload(cpu(), data));
    reference().matmul(expected, x, *upload(reference(), data));
    expect_close(y.numbers(), expected.numbers(), 20, k8BitInputs, std::string(data.name));
  }
}

TEST_P(Ops, MatmulHeadsMatchesTheReferenceForEveryType) {
  struct HeadsShape {
    int n, n_heads, outputs, cols;
  };
  for (const DType dtype : kAllDTypes) {
    for (const HeadsShape& s : {HeadsShape{1, 4, 128, 256}, {3, 3, 17, 512}, {21, 2, 64, 256}}) {
      const WeightData data = random_weight(dtype, s.n_heads, s.outputs, s.cols, 1);
      // Heads that are slices of wider ones, as the non-rotated part of a query.
      OwnedTensor x = OwnedTensor::random(s.n, s.n_heads * (s.cols + 32), 2);
      OwnedTensor y(s.n, s.n_heads * s.outputs);
      OwnedTensor expected(s.n, s.n_heads * s.outputs);
      const Heads x_heads = x.view().heads(s.n_heads, 0, s.cols);
      cpu().matmul_heads(y.view().heads(s.n_heads), x_heads, *upload(cpu(), data));
      reference().matmul_heads(expected.view().heads(s.n_heads), x_heads,
                               *upload(reference(), data));
      expect_close(y.numbers(), expected.numbers(), s.n_heads * s.outputs,
                   is_quantised(dtype) ? k8BitInputs : kF32Sums, std::string(data.name));
      EXPECT_TRUE(y.gaps_are_untouched());
    }
  }
}

TEST_P(Ops, MatmulTakesNarrowQuantisedHeads) {
  for (const DType dtype : kAllDTypes) {
    if (info(dtype).block_elements > 32) continue;
    const WeightData data = random_weight(dtype, 4, 128, 64, 1);
    OwnedTensor x = OwnedTensor::random(5, 4 * 96, 2);
    OwnedTensor y(5, 4 * 128);
    OwnedTensor expected(5, 4 * 128);
    const Heads x_heads = x.view().heads(4, 0, 64);
    cpu().matmul_heads(y.view().heads(4), x_heads, *upload(cpu(), data));
    reference().matmul_heads(expected.view().heads(4), x_heads, *upload(reference(), data));
    expect_close(y.numbers(), expected.numbers(), 4 * 128,
                 is_quantised(dtype) ? k8BitInputs : kF32Sums, std::string(data.name));
  }
}

TEST_P(Ops, EmbedGivesTheVeryNumbersOfTheFile) {
  for (const DType dtype : kAllDTypes) {
    const WeightData data = random_weight(dtype, 1, 50, 512, 1);
    const std::vector<TokenId> ids = {0, 49, 16, 15, 16, 31, 32, 7};
    OwnedTensor out(8, 512);
    OwnedTensor expected(8, 512);
    cpu().embed(out, ids, *upload(cpu(), data));
    reference().embed(expected, ids, *upload(reference(), data));
    expect_same_bits(out.numbers(), expected.numbers(), 512, std::string(data.name));
    EXPECT_TRUE(out.gaps_are_untouched());
  }
}

// Elementwise operations.

struct RowShape {
  int n, cols;
};
constexpr RowShape kRowShapes[] = {{1, 1},  {1, 7},   {2, 15},   {3, 16},    {5, 17},
                                   {1, 63}, {2, 64},  {3, 65},   {1, 256},   {4, 192},
                                   {7, 33}, {9, 128}, {2, 2048}, {300, 256}, {1, 5504}};

TEST_P(Ops, RmsNormMatchesTheReferenceAlsoInPlace) {
  for (const RowShape& shape : kRowShapes) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      const WeightData data = random_weight(dtype, 1, 1, shape.cols, 1);
      const auto w = upload(cpu(), data);
      OwnedTensor x = OwnedTensor::random(shape.n, shape.cols, 2);
      OwnedTensor y(shape.n, shape.cols);
      OwnedTensor expected(shape.n, shape.cols);
      cpu().rms_norm(y, x, *w, 1e-6f);
      reference().rms_norm(expected, x, *upload(reference(), data), 1e-6f);
      expect_close(y.numbers(), expected.numbers(), shape.cols, kElementwise, "rms_norm");
      EXPECT_TRUE(y.gaps_are_untouched());
      cpu().rms_norm(x, x, *w, 1e-6f);
      expect_same_bits(x.numbers(), y.numbers(), shape.cols, "in place");
    }
  }
}

TEST_P(Ops, ElementwiseOperationsMatchTheReferenceAlsoInPlace) {
  for (const RowShape& shape : kRowShapes) {
    OwnedTensor a = OwnedTensor::random(shape.n, shape.cols, 1);
    OwnedTensor b = OwnedTensor::random(shape.n, shape.cols, 2);
    a.view().row(0)[0] = -200.0f;  // exp(200) is beyond f32
    a.view().row(shape.n - 1)[shape.cols - 1] = 200.0f;
    OwnedTensor y(shape.n, shape.cols);
    OwnedTensor expected(shape.n, shape.cols);

    for (const float limit : {kNoLimit, 0.75f}) {
      cpu().silu_mul(y, a, b, limit);
      reference().silu_mul(expected, a, b, limit);
      expect_close(y.numbers(), expected.numbers(), shape.cols, kElementwise, "silu_mul");
      EXPECT_TRUE(y.gaps_are_untouched());
      OwnedTensor in_place = a;
      cpu().silu_mul(in_place, in_place, b, limit);
      expect_same_bits(in_place.numbers(), y.numbers(), shape.cols, "silu_mul in place");
    }

    cpu().add(y, a, b);
    reference().add(expected, a, b);
    expect_same_bits(y.numbers(), expected.numbers(), shape.cols, "add");
    cpu().add(a, a, b);
    expect_same_bits(a.numbers(), expected.numbers(), shape.cols, "add in place");

    const WeightData bias = random_weight(DType::f32, 1, 1, shape.cols, 3);
    cpu().add_bias(y, *upload(cpu(), bias));
    reference().add_bias(expected, *upload(reference(), bias));
    expect_same_bits(y.numbers(), expected.numbers(), shape.cols, "add_bias");
  }
}

TEST_P(Ops, RopeMatchesTheReferenceInBothLayouts) {
  for (const RopeLayout layout : {RopeLayout::interleaved, RopeLayout::half_split}) {
    for (const int dim : {2, 32, 64, 128}) {
      Rope rope{.layout = layout, .inverse_frequencies = {}, .magnitude = 1.25f};
      for (int i = 0; i < dim / 2; ++i) {
        rope.inverse_frequencies.push_back(std::pow(1e-4f, 2.0f * i / dim));
      }
      for (const auto& positions :
           {std::vector<int32_t>{0}, {16000}, {5, 4, 3, 100000, 7}, std::vector<int32_t>(200, 3)}) {
        const int n = static_cast<int>(positions.size());
        OwnedTensor x = OwnedTensor::random(n, 3 * (dim + 5), 1);
        OwnedTensor expected = x;
        cpu().rope(x.view().heads(3, 5, dim), positions, rope);
        reference().rope(expected.view().heads(3, 5, dim), positions, rope);
        expect_close(x.numbers(), expected.numbers(), 3 * (dim + 5),
                     {.relative = 0.0, .absolute = 4e-7}, "rope");
      }
    }
  }
}

TEST_P(Ops, RopeNoticesThatItIsAskedForOtherAngles) {
  const auto rotated = [&](Backend& backend, int32_t position, const Rope& rope) {
    OwnedTensor x = OwnedTensor::random(1, 4, 1);
    backend.rope(x.view().heads(1), std::vector<int32_t>{position}, rope);
    return x.numbers();
  };
  Rope rope{.layout = RopeLayout::interleaved, .inverse_frequencies = {1.0f, 0.5f}};
  rotated(cpu(), 3, rope);
  for (const auto& change : {+[](Rope&) {}, +[](Rope& r) { r.magnitude = 2.0f; },
                             +[](Rope& r) { r.inverse_frequencies[1] = 0.25f; },
                             +[](Rope& r) { r.layout = RopeLayout::half_split; }}) {
    change(rope);
    expect_close(rotated(cpu(), 4, rope), rotated(reference(), 4, rope), 4,
                 {.relative = 0.0, .absolute = 4e-7}, "rope");
  }
}

TEST_P(Ops, RowsAreGatheredAndWrittenWhereTheyBelong) {
  OwnedTensor x = OwnedTensor::random(4, 6, 1);
  OwnedTensor out(3, 6);
  cpu().gather_rows(out, x, std::vector<int32_t>{3, 0, 3});
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(out.view().row(0)[i], x.view().row(3)[i]);
    EXPECT_EQ(out.view().row(1)[i], x.view().row(0)[i]);
    EXPECT_EQ(out.view().row(2)[i], x.view().row(3)[i]);
  }
  OwnedTensor cache(10, 8);
  OwnedTensor before = cache;
  cpu().write_cache(cache, std::vector<SlotId>{7, 2, 9, 0}, x, 1);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(cache.view().row(2)[1 + i], x.view().row(1)[i]);
  EXPECT_EQ(cache.view().row(2)[0], before.view().row(2)[0]);
  EXPECT_EQ(cache.view().row(2)[7], before.view().row(2)[7]);
  EXPECT_EQ(cache.view().row(1)[3], before.view().row(1)[3]);
}

// Attention.

// One token; both sides of a chunk of 128 positions; a decode step of several sequences; prefill in
// the middle of a sequence; enough rows to share whole tiles among threads; a long context.
const std::vector<std::vector<Sequences::Length>> kSequences = {
    {{0, 1}},    {{126, 1}, {127, 1}, {128, 1}}, {{5, 1}, {0, 3}, {300, 1}, {17, 5}},
    {{40, 100}}, {{0, 300}, {200, 7}},           {{3000, 2}},
};

/// Scores of f32 sums, an exp of a few units in the last place, f32 sums over the positions:
/// together less than 1e-5 of the size of the values, whose average the result is.
constexpr Tolerance kAttention = {.relative = 1e-5, .absolute = 2e-5};

TEST_P(Ops, AttentionMatchesTheReference) {
  struct Shape {
    int n_heads, n_kv_heads, dim;
  };
  for (const Shape& s : {Shape{4, 4, 64}, {6, 2, 32}, {7, 1, 17}, {40, 1, 8}, {1, 1, 128}}) {
    for (const auto& lengths : kSequences) {
      const Sequences sequences(lengths);
      OwnedTensor cache = OwnedTensor::random(sequences.n_slots, 2 * s.n_kv_heads * s.dim, 1);
      OwnedTensor q = OwnedTensor::random(sequences.n_rows, s.n_heads * s.dim, 2);
      OwnedTensor out(sequences.n_rows, s.n_heads * s.dim);
      OwnedTensor expected(sequences.n_rows, s.n_heads * s.dim);
      const float scale = 2.0f / std::sqrt(static_cast<float>(s.dim));
      cpu().attention(out.view().heads(s.n_heads), q.view().heads(s.n_heads), cache, sequences.rows,
                      s.n_kv_heads, scale);
      reference().attention(expected.view().heads(s.n_heads), q.view().heads(s.n_heads), cache,
                            sequences.rows, s.n_kv_heads, scale);
      expect_close(out.numbers(), expected.numbers(), s.n_heads * s.dim, kAttention,
                   fmt::format("{} heads of {}, {} rows", s.n_heads, s.dim, sequences.n_rows));
      EXPECT_TRUE(out.gaps_are_untouched());
    }
  }
}

TEST_P(Ops, LatentAttentionMatchesTheReference) {
  struct Shape {
    int n_heads, latent, rope;
  };
  for (const Shape& s : {Shape{4, 128, 32}, {3, 40, 6}, {16, 512, 64}, {36, 16, 4}}) {
    for (const auto& lengths : kSequences) {
      const Sequences sequences(lengths);
      if (sequences.n_rows > 50 && s.latent > 128) continue;  // slow in the reference
      OwnedTensor cache = OwnedTensor::random(sequences.n_slots, s.latent + s.rope, 1);
      // The parts of a query lie in tensors of their own, and the rotated one inside wider heads.
      OwnedTensor latent = OwnedTensor::random(sequences.n_rows, s.n_heads * s.latent, 2);
      OwnedTensor rope = OwnedTensor::random(sequences.n_rows, s.n_heads * (s.rope + 10), 3);
      const Heads q_pe = rope.view().heads(s.n_heads, 10, s.rope);
      OwnedTensor out(sequences.n_rows, s.n_heads * s.latent);
      OwnedTensor expected(sequences.n_rows, s.n_heads * s.latent);
      const float scale = 2.0f / std::sqrt(static_cast<float>(s.latent));
      cpu().latent_attention(out.view().heads(s.n_heads), latent.view().heads(s.n_heads), q_pe,
                             cache, sequences.rows, scale);
      reference().latent_attention(expected.view().heads(s.n_heads), latent.view().heads(s.n_heads),
                                   q_pe, cache, sequences.rows, scale);
      expect_close(out.numbers(), expected.numbers(), s.n_heads * s.latent, kAttention,
                   fmt::format("{} heads of {}, {} rows", s.n_heads, s.latent, sequences.n_rows));
      EXPECT_TRUE(out.gaps_are_untouched());
    }
  }
}

TEST_P(Ops, AttentionDoesNotReadWhatARowCannotSee) {
  // The last token of the batch is broken; the ones before it must not notice.
  const Sequences sequences({{130, 6}});
  OwnedTensor cache = OwnedTensor::random(sequences.n_slots, 2 * 16, 1);
  OwnedTensor q = OwnedTensor::random(6, 16, 2);
  OwnedTensor out(6, 16);
  OwnedTensor expected(6, 16);
  cpu().attention(expected.view().heads(1), q.view().heads(1), cache, sequences.rows, 1, 0.25f);
  std::fill_n(cache.view().row(sequences.slots[0].back()), 32,
              std::numeric_limits<float>::quiet_NaN());
  cpu().attention(out.view().heads(1), q.view().heads(1), cache, sequences.rows, 1, 0.25f);
  const std::vector<float> numbers = out.numbers();
  expect_same_bits(std::span(numbers).first(5 * 16),
                   std::span<const float>(expected.numbers()).first(5 * 16), 16, "rows before");
  EXPECT_TRUE(std::isnan(numbers.back()));
}

// Feed-forward blocks.

struct FfnTypes {
  DType gate, up, down;
};

// All of one type; and mixtures as files have them, or might have them.
std::vector<FfnTypes> ffn_types() {
  std::vector<FfnTypes> types;
  for (const DType dtype : kAllDTypes) types.push_back({dtype, dtype, dtype});
  types.push_back({DType::q5_k, DType::q5_k, DType::q6_k});
  types.push_back({DType::q4_k, DType::q8_0, DType::bf16});
  types.push_back({DType::f16, DType::q4_0, DType::q4_k});
  return types;
}

struct Ffn {
  Ffn(Backend& backend, const FfnTypes& types, int count, int dim, int hidden)
      : gate(upload(backend, random_weight(types.gate, count, hidden, dim, 1))),
        up(upload(backend, random_weight(types.up, count, hidden, dim, 2))),
        down(upload(backend, random_weight(types.down, count, dim, hidden, 3))) {}
  GatedFfnWeights weights() const { return {gate.get(), up.get(), down.get(), /*limit=*/2.0f}; }

  std::unique_ptr<Weight> gate, up, down;
};

struct OwnedScratch {
  OwnedScratch(int n, int dim, int hidden) : gate(n, hidden), up(n, hidden), out(n, dim) {}
  FfnScratch views() { return {gate, up, out}; }

  OwnedTensor gate, up, out;
};

/// Two roundings to 8 bits, of the input and of the hidden numbers; the latter have a few large
/// values among small ones, so the same step is a larger share of their size.
constexpr Tolerance k8BitFfn = {.relative = 0.0, .absolute = 0.12};
constexpr Tolerance kF32Ffn = {.relative = 0.0, .absolute = 3e-5};

TEST_P(Ops, GatedFfnMatchesItsDefaultAndTheReference) {
  for (const FfnTypes& types : ffn_types()) {
    for (const int n : {1, 3, 20, 70}) {
      constexpr int kDim = 256;
      constexpr int kHidden = 512;
      const Ffn ffn(cpu(), types, 1, kDim, kHidden);
      const Ffn reference_ffn(reference(), types, 1, kDim, kHidden);
      OwnedTensor x = OwnedTensor::random(n, kDim, 4);
      OwnedTensor out(n, kDim);
      OwnedTensor expected(n, kDim);
      OwnedScratch scratch(n, kDim, kHidden);
      const std::string what = fmt::format("{} {} {}, {} rows", info(types.gate).name,
                                           info(types.up).name, info(types.down).name, n);
      cpu().gated_ffn(out, x, ffn.weights(), scratch.views());
      cpu().Backend::gated_ffn(expected, x, ffn.weights(), scratch.views());
      expect_same_bits(out.numbers(), expected.numbers(), kDim, what + ", default");
      EXPECT_TRUE(out.gaps_are_untouched()) << what;

      reference().gated_ffn(expected, x, reference_ffn.weights(), scratch.views());
      const bool all_float = !is_quantised(types.gate) && !is_quantised(types.down);
      expect_close(out.numbers(), expected.numbers(), kDim, all_float ? kF32Ffn : k8BitFfn, what);

      cpu().gated_ffn(x, x, ffn.weights(), scratch.views());
      expect_same_bits(x.numbers(), out.numbers(), kDim, what + ", in place");
      if (HasFailure()) return;
    }
  }
}

TEST_P(Ops, GatedFfnTakesHiddenSizesThatAreNotWholeBlocks) {
  const FfnTypes types = {DType::f32, DType::f32, DType::f32};
  for (const int hidden : {1, 15, 31, 33, 50}) {
    const Ffn ffn(cpu(), types, 1, 24, hidden);
    const Ffn reference_ffn(reference(), types, 1, 24, hidden);
    OwnedTensor x = OwnedTensor::random(5, 24, 4);
    OwnedTensor out(5, 24);
    OwnedTensor expected(5, 24);
    OwnedScratch scratch(5, 24, hidden);
    cpu().gated_ffn(out, x, ffn.weights(), scratch.views());
    reference().gated_ffn(expected, x, reference_ffn.weights(), scratch.views());
    expect_close(out.numbers(), expected.numbers(), 24, kF32Ffn, fmt::format("{}", hidden));
  }
}

/// Random choices without repetition and random weights.
struct OwnedRoutes {
  OwnedRoutes(int n, int active, int n_experts) : n_active(active) {
    std::mt19937 random(5);
    std::vector<int32_t> all(n_experts);
    std::iota(all.begin(), all.end(), 0);
    for (int row = 0; row < n; ++row) {
      std::shuffle(all.begin(), all.end(), random);
      experts.insert(experts.end(), all.begin(), all.begin() + active);
    }
    for (size_t i = 0; i < experts.size(); ++i) {
      weights.push_back(std::uniform_real_distribution<float>(0.1f, 1.0f)(random));
    }
  }
  Routes view() { return {experts.data(), weights.data(), n_active}; }

  int n_active;
  std::vector<int32_t> experts;
  std::vector<float> weights;
};

TEST_P(Ops, MoeFfnMatchesTheReference) {
  for (const FfnTypes& types : ffn_types()) {
    for (const int n : {1, 2, 13, 40}) {
      constexpr int kDim = 256;
      constexpr int kHidden = 256;
      constexpr int kExperts = 4;
      constexpr int kActive = 2;
      const Ffn ffn(cpu(), types, kExperts, kDim, kHidden);
      const Ffn reference_ffn(reference(), types, kExperts, kDim, kHidden);
      OwnedRoutes routes(n, kActive, kExperts);
      OwnedTensor x = OwnedTensor::random(n, kDim, 4);
      OwnedTensor out(n, kDim);
      OwnedTensor expected(n, kDim);
      OwnedScratch scratch(n * kActive, kDim, kHidden);
      cpu().moe_ffn(out, x, routes.view(), ffn.weights(), scratch.views());
      reference().moe_ffn(expected, x, routes.view(), reference_ffn.weights(), scratch.views());
      const bool all_float = !is_quantised(types.gate) && !is_quantised(types.down);
      expect_close(out.numbers(), expected.numbers(), kDim, all_float ? kF32Ffn : k8BitFfn,
                   fmt::format("{} {} {}, {} rows", info(types.gate).name, info(types.up).name,
                               info(types.down).name, n));
      EXPECT_TRUE(out.gaps_are_untouched());
      if (HasFailure()) return;
    }
  }
}

TEST_P(Ops, UploadRejectsBytesThatDoNotMatchTheShape) {
  for (Backend* backend : {&cpu(), &reference()}) {
    WeightData data = random_weight(DType::q8_0, 2, 3, 64, 1);
    data.bytes = data.bytes.first(data.bytes.size() - 1);
    EXPECT_EQ(backend->upload(data).error().code, ErrorCode::corrupt);
    data = random_weight(DType::q8_0, 2, 3, 64, 1);
    data.cols = 65;
    EXPECT_EQ(backend->upload(data).error().code, ErrorCode::corrupt);
    data.cols = 64;
    data.rows = -3;
    data.count = -2;
    EXPECT_EQ(backend->upload(data).error().code, ErrorCode::corrupt);
    data.rows = std::numeric_limits<int>::max();
    data.count = std::numeric_limits<int>::max();
    EXPECT_EQ(backend->upload(data).error().code, ErrorCode::corrupt);
  }
}

TEST_P(Ops, MemoryIsZeroedAndAlignedAndRefusedWhenThereIsNone) {
  for (Backend* backend : {&cpu(), &reference()}) {
    const auto buffer = backend->allocate(1000);
    ASSERT_TRUE(buffer.has_value());
    EXPECT_EQ(reinterpret_cast<uintptr_t>((*buffer)->data()) % 64, 0u);
    EXPECT_THAT(std::span(static_cast<const char*>((*buffer)->data()), 1000), testing::Each(0));
    for (const size_t size : {std::numeric_limits<size_t>::max(), size_t{1} << 62}) {
      EXPECT_EQ(backend->allocate(size).error().code, ErrorCode::out_of_memory);
    }
  }
}

TEST_P(Ops, WeightsAreNotLargerThanInTheFileButForSmallScales) {
  for (const DType dtype : kAllDTypes) {
    const WeightData data = random_weight(dtype, 2, 64, 1024, 1);
    // Scales of 6 bits take a byte; those of FP8 are there for each row.
    const std::map<DType, double> shares = {{DType::q3_k, 1.04},
                                            {DType::q4_k, 1.03},
                                            {DType::q5_k, 1.03},
                                            {DType::iq4_xs, 1.02},
                                            {DType::f8_e4m3, 1.032}};
    const double share = shares.contains(dtype) ? shares.at(dtype) : 1.0;
    EXPECT_LE(upload(cpu(), data)->size_bytes(), share * static_cast<double>(data.bytes.size()))
        << data.name;
  }
}

}  // namespace
}  // namespace fathom::engine::test
