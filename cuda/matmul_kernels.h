// Defines MatmulKernels<kType>: included once for each format, by matmul_<format>.cu, so that they
// are compiled side by side.

#pragma once

#include "cuda/matmul.h"
#include "cuda/matmul_large.h"
#include "cuda/matmul_small.h"

namespace fathom::cuda {

template <engine::DType kType>
void MatmulKernels<kType>::launch_small(Queue& queue, const SmallTask* tasks, int n) {
  SmallTasks all;
  all.n = n;
  for (int i = 0; i < n; ++i) {
    const MatmulTask& product = tasks[i].product;
    const bool has_choice = is_chosen(product.choice);
    all.tasks[i] = tasks[i];
    all.n_tiles[i] = has_choice ? product.choice.n_tiles : ceil_div(product.n_rows, kSmallTile);
    all.first_block[i + 1] = all.first_block[i] + all.n_tiles[i] * count_output_tiles(tasks[i]) *
                                                      (has_choice ? 1 : product.n_matrices);
  }
  queue.launch({.blocks = dim3(all.first_block[n]),
                .threads = dim3(kSlices * kWarpSize),
                .shared_bytes = sizeof(SmallSums)},
               matmul_small_kernel<kType>, all);
}

template <engine::DType kType>
void MatmulKernels<kType>::launch_large(Queue& queue, const MatmulTask& task) {
  const bool has_tiles = is_chosen(task.choice);
  const int n_tiles = has_tiles ? task.choice.n_tiles : ceil_div(task.n_rows, kLargeTile);
  queue.launch({.blocks = dim3(ceil_div(task.w.rows, kLargeOutputs), n_tiles,
                               has_tiles ? 1 : task.n_matrices),
                .threads = dim3(kLargeThreads),
                .shared_bytes = sizeof(LargeStorage)},
               matmul_large_kernel<kType>, task);
}

}  // namespace fathom::cuda
