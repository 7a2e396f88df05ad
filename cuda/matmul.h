// Matrix products of every format.
//
// Threads: see Queue.

#pragma once

#include "cuda/matmul_task.h"
#include "engine/dtype.h"

namespace fathom::cuda {

inline constexpr int kMaxSmallTasks = 3;

/// Rows that are worth being computed together where a matrix meets `n_rows`.
int tile_rows_for(int n_rows);

/// Whether the kernels for few rows compute it; others need a bias, a gate or packed outputs to be
/// launched for themselves.
bool is_small(engine::DType dtype, const MatmulTask& task);

/// Products that do not read each other's results: those for few rows with weights of one format
/// that follow each other are one launch.
class MatmulBatch final {
 public:
  explicit MatmulBatch(Queue& queue) : queue_(queue) {}

  /// More than the product only if is_small().
  void add(engine::DType dtype, const SmallTask& task);
  /// Launches what was added and is not launched yet.
  void launch();

 private:
  Queue& queue_;
  SmallTask tasks_[kMaxSmallTasks];
  engine::DType dtype_ = engine::DType::f32;
  int n_ = 0;
};

// By format; MatmulBatch chooses.

void launch_matmul_f32(Queue& queue, const MatmulTask& task);

template <engine::DType kType>
struct MatmulKernels {
  static void launch_small(Queue& queue, const SmallTask* tasks, int n);
  static void launch_large(Queue& queue, const MatmulTask& task);
};

}  // namespace fathom::cuda
