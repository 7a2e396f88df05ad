// A row of a result depends on its own row alone: the bits are the same however many rows are
// computed together, on however many threads, and with whatever instruction set.

#include <numeric>

#include <gtest/gtest.h>

#include "tests/support/op_data.h"

namespace fathom::engine::test {
namespace {

struct Setup {
  std::string variant;
  int n_threads;
  int rows_at_once;
};

std::string describe(const Setup& setup) {
  return fmt::format("{}, {} threads, {} rows at once", setup.variant, setup.n_threads,
                     setup.rows_at_once);
}

/// Calls `run(backend, rows_at_once)`, which returns all numbers of a result, for many setups.
template <class Run>
void expect_one_result(int n_rows, int cols, Run&& run) {
  std::vector<float> expected;
  for (const std::string& variant : cpu_variants_here()) {
    for (const int n_threads : {1, 2, 3}) {
      const std::unique_ptr<Backend> backend = cpu_backend(variant, n_threads);
      for (const int rows_at_once : {n_rows, 1, 3, 8, 16, 20}) {
        const std::vector<float> actual = run(*backend, std::min(rows_at_once, n_rows));
        if (expected.empty()) expected = actual;
        expect_same_bits(actual, expected, cols, describe({variant, n_threads, rows_at_once}));
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

Tensor rows_of(Tensor x, int first, int n) { return {x.row(first), n, x.cols, x.stride}; }

/// Calls `body(first, n)` for parts of [0, n_rows).
template <class Body>
void in_parts(int n_rows, int rows_at_once, Body&& body) {
  for (int first = 0; first < n_rows; first += rows_at_once) {
    body(first, std::min(rows_at_once, n_rows - first));
  }
}

TEST(OpsIdentity, MatmulGivesTheSameBitsHoweverItIsSplit) {
  constexpr int kRows = 29;
  constexpr int kOutputs = 300;
  constexpr int kCols = 1280;
  for (const DType dtype : kAllDTypes) {
    const WeightData data = random_weight(dtype, 1, kOutputs, kCols, 1);
    OwnedTensor x = OwnedTensor::random(kRows, kCols, 2);
    x.view().row(5)[7] = 1e20f;
    expect_one_result(kRows, kOutputs, [&](Backend& backend, int rows_at_once) {
      const auto w = upload(backend, data);
      OwnedTensor y(kRows, kOutputs);
      in_parts(kRows, rows_at_once, [&](int first, int n) {
        backend.matmul(rows_of(y, first, n), rows_of(x, first, n), *w);
      });
      return y.numbers();
    });
  }
}

TEST(OpsIdentity, NormsAndActivationsGiveTheSameBits) {
  constexpr int kRows = 20;
  constexpr int kCols = 333;
  const WeightData data = random_weight(DType::f32, 1, 1, kCols, 1);
  OwnedTensor x = OwnedTensor::random(kRows, kCols, 2);
  OwnedTensor up = OwnedTensor::random(kRows, kCols, 3);
  expect_one_result(kRows, kCols, [&](Backend& backend, int rows_at_once) {
    const auto w = upload(backend, data);
    OwnedTensor y(kRows, kCols);
    in_parts(kRows, rows_at_once, [&](int first, int n) {
      backend.rms_norm(rows_of(y, first, n), rows_of(x, first, n), *w, 1e-6f);
      backend.silu_mul(rows_of(y, first, n), rows_of(y, first, n), rows_of(up, first, n), 1.5f);
    });
    return y.numbers();
  });
}

TEST(OpsIdentity, ExpertsGiveTheSameBitsHoweverTheirRowsAreSplit) {
  constexpr int kRows = 19;
  constexpr int kDim = 256;
  constexpr int kExperts = 5;
  constexpr int kActive = 2;
  const WeightData gate = random_weight(DType::q5_k, kExperts, kDim, kDim, 1);
  const WeightData up = random_weight(DType::q5_k, kExperts, kDim, kDim, 2);
  const WeightData down = random_weight(DType::q6_k, kExperts, kDim, kDim, 3);
  OwnedTensor x = OwnedTensor::random(kRows, kDim, 4);
  std::vector<int32_t> chosen;
  std::vector<float> weights;
  for (int row = 0; row < kRows; ++row) {
    chosen.insert(chosen.end(), {row * 3 % kExperts, (row * 3 + 2) % kExperts});
    weights.insert(weights.end(), {0.3f + 0.01f * static_cast<float>(row), 0.7f});
  }
  expect_one_result(kRows, kDim, [&](Backend& backend, int rows_at_once) {
    const auto w_gate = upload(backend, gate);
    const auto w_up = upload(backend, up);
    const auto w_down = upload(backend, down);
    OwnedTensor out(kRows, kDim);
    OwnedTensor a(kRows * kActive, kDim);
    OwnedTensor b(kRows * kActive, kDim);
    OwnedTensor c(kRows * kActive, kDim);
    in_parts(kRows, rows_at_once, [&](int first, int n) {
      const Routes routes{chosen.data() + first * kActive, weights.data() + first * kActive,
                          kActive};
      backend.moe_ffn(rows_of(out, first, n), rows_of(x, first, n), routes,
                      {w_gate.get(), w_up.get(), w_down.get()}, {a, b, c});
    });
    return out.numbers();
  });
}

/// Slots of one sequence in disorder.
std::vector<SlotId> scattered_slots(int n) {
  std::vector<SlotId> slots(n);
  for (int i = 0; i < n; ++i) slots[i] = i * 7 % n;  // n is not a multiple of 7
  return slots;
}

TEST(OpsIdentity, AttentionGivesTheSameBitsHoweverItsRowsAreSplit) {
  struct Shape {
    int n_before, n_rows;
  };
  constexpr int kHeads = 6;
  constexpr int kKvHeads = 2;
  constexpr int kDim = 40;
  for (const Shape& shape : {Shape{0, 150}, {500, 13}}) {
    const std::vector<SlotId> slots = scattered_slots(shape.n_before + shape.n_rows);
    const int n = static_cast<int>(slots.size());
    OwnedTensor cache = OwnedTensor::random(n, 2 * kKvHeads * kDim, 1);
    OwnedTensor q = OwnedTensor::random(shape.n_rows, kHeads * kDim, 2);
    expect_one_result(shape.n_rows, kHeads * kDim, [&](Backend& backend, int rows_at_once) {
      OwnedTensor out(shape.n_rows, kHeads * kDim);
      in_parts(shape.n_rows, rows_at_once, [&](int first, int rows) {
        const SequenceRows sequence{0, rows, std::span(slots).first(shape.n_before + first + rows)};
        backend.attention(rows_of(out, first, rows).heads(kHeads),
                          rows_of(q, first, rows).heads(kHeads), cache, {&sequence, 1}, kKvHeads,
                          0.3f);
      });
      return out.numbers();
    });
  }
}

TEST(OpsIdentity, LatentAttentionGivesTheSameBitsAloneAndInABatchWithOthers) {
  constexpr int kHeads = 4;
  constexpr int kLatent = 128;
  constexpr int kRope = 32;
  constexpr int kRows = 40;
  const std::vector<SlotId> slots = scattered_slots(300 + kRows);
  OwnedTensor cache = OwnedTensor::random(300 + kRows, kLatent + kRope, 1);
  OwnedTensor latent = OwnedTensor::random(kRows, kHeads * kLatent, 2);
  OwnedTensor rope = OwnedTensor::random(kRows, kHeads * kRope, 3);
  expect_one_result(kRows, kHeads * kLatent, [&](Backend& backend, int rows_at_once) {
    OwnedTensor out(kRows, kHeads * kLatent);
    // The rows come as steps of one sequence; those of one call as sequences of a row each.
    in_parts(kRows, rows_at_once, [&](int first, int rows) {
      std::vector<SequenceRows> sequences;
      for (int i = 0; i < rows; ++i) {
        sequences.push_back({i, 1, std::span(slots).first(300 + first + i + 1)});
      }
      if (rows_at_once == kRows) sequences = {{0, kRows, slots}};
      backend.latent_attention(rows_of(out, first, rows).heads(kHeads),
                               rows_of(latent, first, rows).heads(kHeads),
                               rows_of(rope, first, rows).heads(kHeads), cache, sequences, 0.3f);
    });
    return out.numbers();
  });
}

}  // namespace
}  // namespace fathom::engine::test
