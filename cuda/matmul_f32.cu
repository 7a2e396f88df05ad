// y = x times the transpose of w for weights of f32: a warp for each output of 4 rows.
//
// x, w, y f32; no aliasing. For what is small and must not be rounded: routers, tiny models. Bound
// by latency: weights are asked for while earlier kernels still run. Sums in f32: each lane every
// 32nd column in order, then over the lanes.

#include "cuda/matmul.h"
#include "cuda/matmul_unit.h"

namespace fathom::cuda {
namespace {

constexpr int kWarps = 4;
constexpr int kRows = 4;

__device__ const float* weights_of(const MatmulTask& task, int matrix, int output) {
  return reinterpret_cast<const float*>(task.w.low) +
         (static_cast<int64_t>(matrix) * task.w.rows + output) * task.w.cols;
}

__global__ void matmul_f32_kernel(MatmulTask task) {
  const bool has_choice = is_chosen(task.choice);
  const int output = blockIdx.x * kWarps + threadIdx.x / kWarpSize;
  const int lane = threadIdx.x % kWarpSize;
  if (!has_choice && output < task.w.rows) {
    constexpr int kLine = 128 / sizeof(float);
    const float* w = weights_of(task, blockIdx.z, output);
    for (int column = kLine * lane; column < task.w.cols; column += kLine * kWarpSize)
      prefetch(w + column);
  }
  wait_for_earlier_kernels();

  const int n_parts = has_choice ? ceil_div(task.choice.tile_rows, kRows) : 1;
  BlockRows rows = rows_of_block(task, blockIdx.y / n_parts, blockIdx.z, kRows);
  const int part = blockIdx.y % n_parts;
  rows.first += part * kRows;
  rows.n -= part * kRows;
  const int n = min(rows.n, kRows);
  if (n <= 0 || output >= task.w.rows) return;

  const float* w = weights_of(task, rows.matrix, output);
  const float* x[kRows];
  for (int i = 0; i < kRows; ++i) {
    const int item = item_of(task, rows, min(i, n - 1));
    x[i] = has_choice ? task.plain_x + item / task.choice.items_per_x * task.plain_x_stride
                      : task.plain_x + item * task.plain_x_stride +
                            rows.matrix * task.plain_x_matrix_stride;
  }
  float sums[kRows] = {};
#pragma unroll 8
  for (int column = lane; column < task.w.cols; column += kWarpSize) {
    const float weight = __ldg(w + column);
    for (int i = 0; i < kRows; ++i) sums[i] = fmaf(weight, x[i][column], sums[i]);
  }
  for (int i = 0; i < kRows; ++i) {
    const float sum = warp_sum(sums[i]);
    if (lane == 0 && i < n) output_row(task, rows, item_of(task, rows, i))[output] = sum;
  }
}

}  // namespace

void launch_matmul_f32(Queue& queue, const MatmulTask& task) {
  const bool has_choice = is_chosen(task.choice);
  const int n_tiles = has_choice ? task.choice.n_tiles * ceil_div(task.choice.tile_rows, kRows)
                                 : ceil_div(task.n_rows, kRows);
  queue.launch(
      {.blocks = dim3(ceil_div(task.w.rows, kWarps), n_tiles, has_choice ? 1 : task.n_matrices),
       .threads = dim3(kWarps * kWarpSize)},
      matmul_f32_kernel, task);
}

}  // namespace fathom::cuda
