// Activations as matrix products read them: rounded to bf16, in the order of the weights' columns
// (weight_view.h), and their sums for formats with minima.

#pragma once

#include <cstdint>

#include "cuda/queue.h"
#include "cuda/weight_view.h"
#include "engine/tensor.h"

namespace fathom::cuda {

struct PackedRows {
  /// [rows, n_groups, 4 units, 4 threads]: pairs 0 to 3 of a thread's 8 numbers.
  uint4* numbers = nullptr;
  float* sums = nullptr;  // [rows, n_groups, 4 units, 2 halves], of the rounded numbers
  int n_groups = 0;

  static size_t bytes(int64_t n_rows, int cols) {
    const int64_t n = n_rows * ((cols + kGroup - 1) / kGroup);
    return n * (kGroup * sizeof(uint16_t) + kUnitsPerGroup * 2 * sizeof(float));
  }
  /// `memory` has bytes() of the same.
  static PackedRows in(void* memory, int64_t n_rows, int cols) {
    const int n_groups = (cols + kGroup - 1) / kGroup;
    auto* numbers = static_cast<uint4*>(memory);
    const int64_t n_pieces = n_rows * n_groups * kUnitsPerGroup * 4;
    return {numbers, reinterpret_cast<float*>(numbers + n_pieces), n_groups};
  }
};

/// Row r, head h of x becomes packed row r * n_heads + h.
void pack_rows(Queue& queue, const PackedRows& to, engine::Heads x);
/// Likewise silu(min(gate, limit)) * clamp(up, -limit, limit), row by row.
void pack_gated_rows(Queue& queue, const PackedRows& to, engine::Tensor gate, engine::Tensor up,
                     float limit);

}  // namespace fathom::cuda
