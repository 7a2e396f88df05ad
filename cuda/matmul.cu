#include "cuda/matmul.h"
#include "cuda/with_format.h"

namespace fathom::cuda {
namespace {

using engine::DType;

struct Launchers {
  void (*small)(Queue&, const SmallTask*, int);
  void (*large)(Queue&, const MatmulTask&);
};

Launchers launchers_for(DType dtype) {
  return with_format(dtype, [](auto format) -> Launchers {
    return {MatmulKernels<format()>::launch_small, MatmulKernels<format()>::launch_large};
  });
}

int tile_rows_of(const MatmulTask& task) {
  return is_chosen(task.choice) ? task.choice.tile_rows : tile_rows_for(task.n_rows);
}

}  // namespace

// A tile of kLargeTile that is mostly empty costs more than reading the weights again from the L2
// cache.
int tile_rows_for(int n_rows) { return n_rows > kLargeTile / 2 ? kLargeTile : kSmallTile; }

bool is_small(DType dtype, const MatmulTask& task) {
  return dtype != DType::f32 && tile_rows_of(task) != kLargeTile;
}

void MatmulBatch::add(DType dtype, const SmallTask& task) {
  if (!is_small(dtype, task.product)) {
    if (dtype == DType::f32) return launch_matmul_f32(queue_, task.product);
    return launchers_for(dtype).large(queue_, task.product);
  }
  if (n_ == kMaxSmallTasks || dtype != dtype_) launch();
  dtype_ = dtype;
  tasks_[n_++] = task;
}

void MatmulBatch::launch() {
  if (n_ > 0) launchers_for(dtype_).small(queue_, tasks_, n_);
  n_ = 0;
}

}  // namespace fathom::cuda
