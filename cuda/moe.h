// What routed experts need beside matrix products.
//
// Threads: see Queue.

#pragma once

#include "cuda/matmul_task.h"
#include "engine/op_types.h"
#include "engine/tensor.h"

namespace fathom::cuda {

/// Items (row * n_active + slot) by the expert that they chose.
struct ExpertGroups {
  RowTile* tiles = nullptr;  // [max_tiles()]
  int32_t* items = nullptr;  // [n_items]
};

/// Experts that are there: `n` of the model's from `first` on. Those of others are left out.
struct ExpertRange {
  int first, n;
};

/// Tiles of `tile_rows` that `n_items` may need.
int max_tiles(int n_items, int n_experts, int tile_rows);
void launch_group_by_expert(Queue& queue, ExpertGroups groups, const int32_t* experts, int n_items,
                            ExpertRange range, int tile_rows);
/// out[r] = shared[r], if it has data, + sum over slots of routes.weights * y[r * n_active + slot],
/// slots in order.
void launch_sum_experts(Queue& queue, engine::Tensor out, engine::Tensor y, engine::Routes routes,
                        ExpertRange range, engine::Tensor shared);

}  // namespace fathom::cuda
