#include "cuda/matmul.h"
#include "cuda/with_format.h"

namespace fathom::cuda {
namespace {

using engine::DType;

struct Launchers {
  void (*small)(Queue&, const MatmulTask&, const MatmulTask*);
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

void launch_matmul(Queue& queue, DType dtype, const MatmulTask& task) {
  if (dtype == DType::f32) return launch_matmul_f32(queue, task);
  const Launchers launchers = launchers_for(dtype);
  if (tile_rows_of(task) == kLargeTile) return launchers.large(queue, task);
  launchers.small(queue, task, nullptr);
}

void launch_matmul_pair(Queue& queue, DType dtype, const MatmulTask& first,
                        const MatmulTask& second) {
  if (dtype != DType::f32 && tile_rows_of(first) != kLargeTile)
    return launchers_for(dtype).small(queue, first, &second);
  launch_matmul(queue, dtype, first);
  launch_matmul(queue, dtype, second);
}

}  // namespace fathom::cuda
