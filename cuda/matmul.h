// Matrix products of every format.
//
// Threads: see Queue.

#pragma once

#include "cuda/matmul_task.h"
#include "engine/dtype.h"

namespace fathom::cuda {

/// Rows that are worth being computed together where a matrix meets `n_rows`.
int tile_rows_for(int n_rows);

void launch_matmul(Queue& queue, engine::DType dtype, const MatmulTask& task);
/// Two products of one shape, format and choice of rows, at once where that helps.
void launch_matmul_pair(Queue& queue, engine::DType dtype, const MatmulTask& first,
                        const MatmulTask& second);

// By format; launch_matmul() chooses.

void launch_matmul_f32(Queue& queue, const MatmulTask& task);

template <engine::DType kType>
struct MatmulKernels {
  static void launch_small(Queue& queue, const MatmulTask& first, const MatmulTask* second);
  static void launch_large(Queue& queue, const MatmulTask& task);
};

}  // namespace fathom::cuda
