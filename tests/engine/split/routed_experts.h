// A layer of routed experts for tests, and rows that choose among them.

#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "engine/backend.h"
#include "tests/support/op_data.h"

namespace fathom::engine::test {

inline constexpr int kDim = 64, kHidden = 96, kExperts = 8, kActive = 3;

/// Gate, up and down of a layer.
inline std::vector<WeightData> layer_of(DType dtype) {
  std::vector<WeightData> stacks = {random_weight(dtype, kExperts, kHidden, kDim, 1),
                                    random_weight(dtype, kExperts, kHidden, kDim, 2),
                                    random_weight(dtype, kExperts, kDim, kHidden, 3)};
  for (WeightData& stack : stacks) stack.is_experts = true;
  return stacks;
}

/// The layer on a backend.
struct Experts {
  Experts(Backend& backend, const std::vector<WeightData>& stacks)
      : gate(upload(backend, stacks[0])),
        up(upload(backend, stacks[1])),
        down(upload(backend, stacks[2])) {}

  GatedFfnWeights weights() const {
    return {.gate = gate.get(), .up = up.get(), .down = down.get()};
  }

  std::unique_ptr<Weight> gate, up, down;
};

/// What rows of activations choose.
struct Rows {
  std::vector<float> x;          // [n, kDim]
  std::vector<int32_t> experts;  // [n, kActive]
  std::vector<float> weights;    // [n, kActive]

  int n() const { return static_cast<int>(experts.size()) / kActive; }
  Rows part(int first, int count) const {
    const auto cut = [&](const auto& all, int width) {
      return std::vector(all.begin() + first * width, all.begin() + (first + count) * width);
    };
    return {cut(x, kDim), cut(experts, kActive), cut(weights, kActive)};
  }
};

/// Row r chooses r, r + 2 and r + 5, counted in a circle.
inline Rows rows_of(int n) {
  Rows rows = {.x = OwnedTensor::random(n, kDim, 4).numbers()};
  for (int row = 0; row < n; ++row) {
    for (const int step : {0, 2, 5}) {
      rows.experts.push_back((row + step) % kExperts);
      rows.weights.push_back(0.25f * static_cast<float>(step + 1));
    }
  }
  return rows;
}

/// Rows that all choose the same.
inline Rows rows_that_choose(int n, const std::vector<int32_t>& experts) {
  Rows rows = rows_of(n);
  rows.experts.clear();
  for (int row = 0; row < n; ++row)
    rows.experts.insert(rows.experts.end(), experts.begin(), experts.end());
  return rows;
}

/// moe_ffn() of the rows: [n, kDim]. All memory is the backend's; the routes must stay as they are.
inline std::vector<float> run_experts(Backend& backend, const GatedFfnWeights& experts,
                                      const Rows& rows) {
  std::vector<std::unique_ptr<Buffer>> buffers;
  const auto tensor = [&](int n, int cols) {
    buffers.push_back(std::move(*backend.allocate(sizeof(float) * n * cols)));
    return Tensor{static_cast<float*>(buffers.back()->data()), n, cols, cols};
  };
  const int n = rows.n(), n_items = n * kActive;
  const Tensor x = tensor(n, kDim), out = tensor(n, kDim), ids = tensor(1, n_items),
               weights = tensor(1, n_items);
  std::vector<float> bits(n_items), bits_after(n_items), result(n * kDim);
  std::memcpy(bits.data(), rows.experts.data(), n_items * sizeof(float));
  backend.write(x, rows.x);
  backend.write(ids, bits);
  backend.write(weights, rows.weights);
  backend.moe_ffn(out, x, {reinterpret_cast<int32_t*>(ids.data), weights.data, kActive}, experts,
                  {tensor(n_items, kHidden), tensor(n_items, kHidden), tensor(n_items, kDim)});
  EXPECT_TRUE(backend.download(result, out));
  EXPECT_TRUE(backend.download(bits_after, ids));
  EXPECT_EQ(std::memcmp(bits.data(), bits_after.data(), n_items * sizeof(float)), 0);
  return result;
}

}  // namespace fathom::engine::test
