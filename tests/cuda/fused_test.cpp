// Fused operations of the GPU backend: the bits of the operations that they stand for, which have
// tests of their own.

#include <array>
#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "cuda/device_backend.h"
#include "tests/cuda/on_device.h"
#include "tests/engine/split/routed_experts.h"
#include "tests/support/scattered_sequences.h"

namespace fathom::engine::test {
namespace {

class Fused : public OnDevice {
 protected:
  static std::unique_ptr<Weight> vector(Backend& backend, int cols, uint32_t seed) {
    return upload(backend, random_weight(DType::f32, 1, 1, cols, seed));
  }
  /// `product` makes y of what `operation` leaves; expects the same bits where what was packed in
  /// passing is forgotten in between, for `n_spared` launches more.
  template <class Operation, class Product>
  void expect_spared(int n_spared, const DeviceTensor& y, const std::string& what,
                     const Operation& operation, const Product& product) {
    const auto& counts = static_cast<cuda::DeviceBackend&>(device()).launches();
    const auto run = [&](bool forgets) {
      EXPECT_TRUE(device().sync());
      const int64_t before = counts.launches;
      operation();
      if (forgets) {
        EXPECT_TRUE(device().sync());
      }
      product();
      std::vector<float> numbers = y.numbers();
      return std::pair(std::move(numbers), counts.launches - before);
    };
    const auto [packed, n_packed] = run(false);
    const auto [plain, n_plain] = run(true);
    expect_same_bits(packed, plain, y.view().cols, what);
    EXPECT_EQ(n_plain - n_packed, n_spared) << what;
  }
};

TEST_F(Fused, ProductsOfOneXAreThoseOfEach) {
  constexpr int kCols = 512, kOutputs[] = {40, 17, 128, 33};
  for (const auto& dtypes : {std::array{DType::q4_k, DType::q4_k, DType::q4_k, DType::q4_k},
                             std::array{DType::q4_k, DType::q6_k, DType::q6_k, DType::bf16},
                             std::array{DType::f32, DType::q8_0, DType::f32, DType::q8_0}}) {
    std::vector<std::unique_ptr<Weight>> weights, biases;
    for (int i = 0; i < 4; ++i) {
      weights.push_back(upload(device(), random_weight(dtypes[i], 1, kOutputs[i], kCols, i)));
      biases.push_back(i % 2 == 0 ? vector(device(), kOutputs[i], 10 + i) : nullptr);
    }
    for (const int n : {1, 3, 40}) {
      const DeviceTensor x(device(), n, kCols, random_numbers(size_t(n) * kCols, 3));
      std::vector<DeviceTensor> fused, expected;
      for (const int outputs : kOutputs) {
        fused.emplace_back(device(), n, outputs);
        expected.emplace_back(device(), n, outputs);
      }
      const auto products = [&](const std::vector<DeviceTensor>& y) {
        std::vector<Product> all;
        for (int i = 0; i < 4; ++i) all.push_back({y[i], weights[i].get(), biases[i].get()});
        return all;
      };
      device().matmul_each(products(fused), x);
      device().Backend::matmul_each(products(expected), x);
      for (int i = 0; i < 4; ++i) {
        expect_same_bits(fused[i].numbers(), expected[i].numbers(), kOutputs[i],
                         fmt::format("product {} of {} rows", i, n));
        EXPECT_TRUE(fused[i].gaps_are_untouched());
      }
    }
  }
}

TEST_F(Fused, AddsBeforeTheNorm) {
  for (const auto& [n, cols] : {std::pair{1, 1}, {3, 33}, {2, 256}, {1, 2052}}) {
    const auto x = random_numbers(size_t(n) * cols, 1), delta = random_numbers(size_t(n) * cols, 2);
    const auto weight = vector(device(), cols, 3);
    const DeviceTensor fused_x(device(), n, cols, x), fused_y(device(), n, cols, delta);
    const DeviceTensor expected_x(device(), n, cols, x), expected_y(device(), n, cols, delta);
    device().add_rms_norm(fused_y, fused_x, fused_y, *weight, 1e-6f);
    device().Backend::add_rms_norm(expected_y, expected_x, expected_y, *weight, 1e-6f);
    expect_same_bits(fused_x.numbers(), expected_x.numbers(), cols, "x");
    expect_same_bits(fused_y.numbers(), expected_y.numbers(), cols, "y");
    EXPECT_TRUE(fused_x.gaps_are_untouched() && fused_y.gaps_are_untouched());
  }
}

TEST_F(Fused, KeysAreNormedTurnedAndKept) {
  constexpr int kRows = 3, kRopeDim = 32, kQueryHeads = 10, kCacheRows = 9, kCacheCols = 224;
  const std::vector<int32_t> positions = {7, 0, 131000};
  const std::vector<SlotId> slots = {4, 8, 1};
  Rope rope{.layout = RopeLayout::interleaved, .inverse_frequencies = {}, .magnitude = 0.9f};
  for (int i = 0; i < kRopeDim / 2; ++i)
    rope.inverse_frequencies.push_back(std::pow(1e-4f, 2.0f * i / kRopeDim));

  struct Parts {
    int normed, key_heads, plain;
  };
  for (const Parts parts : {Parts{96, 1, 0}, {0, 2, 64}, {64, 2, 96}}) {
    for (const DType dtype : {DType::f32, DType::bf16, DType::q8_0}) {
      const int key_cols = parts.key_heads * kRopeDim;
      const auto norm = vector(device(), std::max(1, parts.normed), 1);
      // The queries, the keys and the cache afterwards.
      const auto run = [&](const auto& write_keys) {
        const DeviceTensor q(device(), kRows, kQueryHeads * 48,
                             random_numbers(kRows * kQueryHeads * 48, 2));
        const int cols = parts.normed + key_cols + parts.plain;
        const DeviceTensor kv(device(), kRows, cols, random_numbers(size_t(kRows) * cols, 3));
        const int row_bytes = static_cast<int>(*engine::row_bytes(dtype, kCacheCols));
        const auto memory = device().allocate(kCacheRows * row_bytes).value();
        const Tensor all = kv;
        write_keys(CacheRows{memory->data(), dtype, kCacheRows, kCacheCols}, slots,
                   q.view().heads(kQueryHeads),
                   TokenKeys{.normed = all.columns(0, parts.normed),
                             .norm = norm.get(),
                             .eps = 1e-6f,
                             .rotated = all.columns(parts.normed, key_cols).heads(parts.key_heads),
                             .plain = all.columns(parts.normed + key_cols, parts.plain)},
                   positions, rope);
        std::vector<float> numbers(kCacheRows * row_bytes / sizeof(float));
        const int n = static_cast<int>(numbers.size());
        EXPECT_TRUE(device().download(numbers, {static_cast<float*>(memory->data()), 1, n, n}));
        for (const DeviceTensor* tensor : {&q, &kv}) {
          const auto more = tensor->numbers();
          numbers.insert(numbers.end(), more.begin(), more.end());
          EXPECT_TRUE(tensor->gaps_are_untouched());
        }
        return numbers;
      };
      const auto fused = run([&](auto&&... arguments) { device().write_keys(arguments...); });
      const auto expected =
          run([&](auto&&... arguments) { device().Backend::write_keys(arguments...); });
      expect_same_bits(fused, expected, 1, std::string(info(dtype).name));
    }
  }
}

TEST_F(Fused, ExpertsAreTheRoutedAndTheSharedOnes) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::q8_0}) {
    const Experts routed(device(), layer_of(dtype));
    const auto stacks = layer_of(DType::q8_0);
    const Experts shared(
        device(), {matrix_of(stacks[0], 1), matrix_of(stacks[1], 1), matrix_of(stacks[2], 1)});
    const ExpertsWeights weights = {.routed = routed.weights(), .shared = shared.weights()};
    for (const int n : {1, 2, 11, 40, 150}) {
      const Rows rows = rows_of(n);
      const int n_items = n * kActive;
      std::vector<float> bits(n_items);
      std::memcpy(bits.data(), rows.experts.data(), n_items * sizeof(float));
      const DeviceTensor ids(device(), 1, n_items, bits);
      const DeviceTensor route_weights(device(), 1, n_items, rows.weights);
      const Routes routes = {reinterpret_cast<int32_t*>(ids.view().data), route_weights.view().data,
                             kActive};
      const auto run = [&](const auto& experts_ffn) {
        const DeviceTensor x(device(), n, kDim, rows.x);
        const DeviceTensor gate(device(), n_items, kHidden), up(device(), n_items, kHidden),
            y(device(), n_items, kDim), shared_gate(device(), n, kHidden),
            shared_up(device(), n, kHidden), routed_out(device(), n, kDim),
            shared_out(device(), n, kDim);
        experts_ffn(x.view(), routes, weights,
                    ExpertsScratch{.routed = {gate, up, y},
                                   .shared = {shared_gate, shared_up, shared_out},
                                   .routed_out = routed_out,
                                   .shared_out = shared_out});
        return x.numbers();
      };
      expect_same_bits(
          run([&](auto&&... arguments) { device().experts_ffn(arguments...); }),
          run([&](auto&&... arguments) { device().Backend::experts_ffn(arguments...); }), kDim,
          fmt::format("{}, {} rows", info(dtype).name, n));
    }
  }
}

TEST_F(Fused, QueriesArePackedWhereTheyAreTurned) {
  constexpr int kRopeDim = 32, kHeads = 10, kOutputs = 16;
  const std::vector<int32_t> positions = {7, 0, 131000};
  const std::vector<SlotId> slots = {4, 8, 1};
  const Rope rope{.inverse_frequencies = std::vector<float>(kRopeDim / 2, 0.3f)};
  const auto memory = device().allocate(9 * kRopeDim * sizeof(float)).value();
  for (const int plain : {16, 128, 200}) {
    const int cols = kHeads * (plain + kRopeDim);
    const DeviceTensor q(device(), 3, cols, random_numbers(size_t(3) * cols, 1));
    const DeviceTensor k(device(), 3, kRopeDim, random_numbers(size_t(3) * kRopeDim, 2));
    const DeviceTensor y(device(), 3, kHeads * kOutputs);
    const auto w = upload(device(), random_weight(DType::bf16, kHeads, kOutputs, plain, 3));
    expect_spared(
        1, y, fmt::format("{} numbers", plain),
        [&] {
          device().write_keys(
              {memory->data(), DType::f32, 9, kRopeDim}, slots, q.view().heads(kHeads),
              {.normed = {}, .rotated = k.view().heads(1), .plain = {}}, positions, rope);
        },
        [&] {
          device().matmul_heads(y.view().heads(kHeads), q.view().heads(kHeads).columns(0, plain),
                                *w);
        });
    EXPECT_TRUE(q.gaps_are_untouched());
  }
}

TEST_F(Fused, AttentionIsPackedWhereItsTilesAreMerged) {
  struct Shape {
    int n_heads, dim;
    bool is_latent;
    int n_spared;
  };
  constexpr int kRope = 32, kOutputs = 16;
  for (const Shape& s : {Shape{4, 512, true, 1},
                         {3, 40, true, 1},
                         {4, 64, false, 1},
                         {2, 128, false, 1},
                         {3, 64, false, 0},
                         {8, 24, false, 0}}) {
    // Rows of one tile are in it, and such that are not split at all, which have none to merge.
    for (const auto& [lengths, is_split] :
         {std::pair{std::vector<Sequences::Length>{{5, 1}, {200, 2}}, true}, {{{0, 1}}, false}}) {
      const Sequences sequences(lengths);
      const int n = sequences.n_rows, cols = s.n_heads * s.dim;
      const int cache_cols = s.is_latent ? s.dim + kRope : 2 * cols;
      const DeviceTensor cache(device(), sequences.n_slots, cache_cols,
                               random_numbers(size_t(sequences.n_slots) * cache_cols, 1));
      const DeviceTensor q(device(), n, cols, random_numbers(size_t(n) * cols, 2));
      const DeviceTensor pe(device(), n, s.n_heads * kRope,
                            random_numbers(size_t(n) * s.n_heads * kRope, 3));
      const DeviceTensor out(device(), n, cols);
      const DeviceTensor y(device(), n, s.is_latent ? s.n_heads * kOutputs : kOutputs);
      const auto w =
          upload(device(), s.is_latent ? random_weight(DType::bf16, s.n_heads, kOutputs, s.dim, 4)
                                       : random_weight(DType::bf16, 1, kOutputs, cols, 4));
      const Heads heads = out.view().heads(s.n_heads);
      expect_spared(
          is_split ? s.n_spared : 0, y, fmt::format("{} heads of {}, {} rows", s.n_heads, s.dim, n),
          [&] {
            if (s.is_latent)
              device().latent_attention(heads, q.view().heads(s.n_heads),
                                        pe.view().heads(s.n_heads), CacheRows(cache.view()),
                                        sequences.rows, 0.1f);
            else
              device().attention(heads, q.view().heads(s.n_heads), CacheRows(cache.view()),
                                 sequences.rows, s.n_heads, 0.1f);
          },
          [&] {
            if (s.is_latent)
              device().matmul_heads(y.view().heads(s.n_heads), heads, *w);
            else
              device().matmul(y, out, *w);
          });
      EXPECT_TRUE(out.gaps_are_untouched());
    }
  }
}

/// Rows whose positions are chosen by another call, as with an indexer, are not packed by this one.
TEST_F(Fused, AttentionOfSomeRowsIsNotTakenForThatOfAll) {
  constexpr int kHeads = 2, kDim = 128, kRope = 32, kRows = 2;
  const Sequences sequences({{100, 1}, {100, 1}});
  const DeviceTensor cache(device(), sequences.n_slots, kDim + kRope,
                           random_numbers(size_t(sequences.n_slots) * (kDim + kRope), 1));
  const DeviceTensor q(device(), kRows, kHeads * kDim, random_numbers(kRows * kHeads * kDim, 2));
  const DeviceTensor pe(device(), kRows, kHeads * kRope, random_numbers(kRows * kHeads * kRope, 3));
  const DeviceTensor out(device(), kRows, kHeads * kDim), y(device(), kRows, kHeads * 16);
  const auto w = upload(device(), random_weight(DType::bf16, kHeads, 16, kDim, 4));
  const Heads heads = out.view().heads(kHeads);
  expect_spared(
      0, y, "rows by themselves",
      [&] {
        for (const SequenceRows& row : sequences.rows)
          device().latent_attention(heads, q.view().heads(kHeads), pe.view().heads(kHeads),
                                    CacheRows(cache.view()), std::array{row}, 0.1f);
      },
      [&] { device().matmul_heads(y.view().heads(kHeads), heads, *w); });
}

/// x is packed once for several products: not beyond what changes it.
TEST_F(Fused, ProductsReadWhatXIsByThen) {
  constexpr int kRows = 3, kDim = 128;
  const WeightData data = random_weight(DType::bf16, 1, kDim, kDim, 1);
  const auto numbers = random_numbers(kRows * kDim, 2), others = random_numbers(kRows * kDim, 3);
  const Results results = on_both([&](Backend& backend) {
    const auto w = upload(backend, data);
    const auto heads = upload(backend, random_weight(DType::q8_0, 4, 32, 32, 5));
    const DeviceTensor x(backend, kRows, kDim, numbers), y(backend, kRows, kDim),
        z(backend, kRows, kDim);
    std::vector<float> all;
    const auto read = [&] {
      backend.matmul(y, x, *w);
      const auto some = y.numbers();
      all.insert(all.end(), some.begin(), some.end());
    };
    read();
    backend.write(x, others);
    read();
    backend.matmul(y, x, *w);
    backend.add(x, x, x);
    read();
    backend.matmul(y, x, *w);
    backend.matmul_heads(x.view().heads(4), y.view().heads(4), *heads);
    read();
    backend.matmul(z, x, *w);
    backend.matmul(x, z, *w);
    read();
    return all;
  });
  expect_close(results.device, results.reference, kDim, {.relative = 0.0, .absolute = 0.03}, "y");
}

}  // namespace
}  // namespace fathom::engine::test
