// What attention works on (attention.cpp).

#pragma once

#include "engine/backend.h"

namespace fathom::engine::cpu {

/// What the two kinds of attention have in common.
struct AttentionShape {
  Heads out;
  Heads q;     // first part of a query
  Heads q_pe;  // second part, dim 0 if there is none
  CacheRows cache;
  int n_kv_heads = 1;
  int value_column = 0;  // of kv head 0; head h is h * v_dim further, its keys at h * q_dim()
  float scale = 1.0f;

  int q_dim() const { return q.dim + q_pe.dim; }
  int v_dim() const { return out.dim; }
};

/// Rows of one sequence times heads that read the same keys and values. Query i is row
/// i / n_heads, head i % n_heads of the tile.
struct AttentionTile {
  std::span<const SlotId> slots;  // of all positions that the last row sees
  int first_row = 0;              // in the batch
  int n_rows = 0;
  int first_head = 0;
  int n_heads = 0;
  int kv_head = 0;
  int64_t first_partial = 0;  // where the sums of its chunks are, if they are kept

  int n_queries() const { return n_rows * n_heads; }
  /// Positions that row `row` of the tile sees.
  int n_visible(int row) const { return static_cast<int>(slots.size()) - n_rows + row + 1; }
};

/// Sums of queries over some keys, see AttentionTask.
struct AttentionSums {
  float* out = nullptr;      // [n, v_dim]
  float* largest = nullptr;  // [n]
  float* sum = nullptr;      // [n]

  AttentionSums from(int64_t index, int v_dim) const {
    return {out + index * v_dim, largest + index, sum + index};
  }
};

}  // namespace fathom::engine::cpu
