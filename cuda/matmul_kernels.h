// Defines MatmulKernels<kType>: included once for each format, by matmul_<format>.cu, so that they
// are compiled side by side.

#pragma once

#include "cuda/matmul.h"
#include "cuda/matmul_large.h"
#include "cuda/matmul_small.h"

namespace fathom::cuda {

template <engine::DType kType>
void MatmulKernels<kType>::launch_small(Queue& queue, const MatmulTask& first,
                                        const MatmulTask* second) {
  const bool has_tiles = is_chosen(first.choice);
  const int n_tiles = has_tiles ? first.choice.n_tiles : ceil_div(first.n_rows, kSmallTile);
  const MatmulTasks tasks = {{first, second != nullptr ? *second : first}};
  const int n_tasks = second != nullptr ? 2 : 1;
  queue.launch({.blocks = dim3(ceil_div(first.w.rows, kTileOutputs), n_tiles,
                               n_tasks * (has_tiles ? 1 : first.n_matrices)),
                .threads = dim3(kSlices * kWarpSize),
                .shared_bytes = sizeof(SmallSums)},
               matmul_small_kernel<kType>, tasks);
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
