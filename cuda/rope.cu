// (a, b) -> (a cos - b sin, a sin + b cos) with the angle position * inverse_frequencies[i], in
// place.
//
// x f32 heads. A thread for each pair of a row, which turns it in all heads. Bound by latency.
// Source: Su et al. 2021, arXiv:2104.09864.

#include "cuda/ops.h"
#include "cuda/rope_angle.h"

namespace fathom::cuda {
namespace {

constexpr int kThreads = 64;

__global__ void rope_kernel(RopeTask task) {
  wait_for_earlier_kernels();
  const Heads& x = task.x;
  const int row = blockIdx.x;
  const int n_pairs = x.dim / 2;
  const int pair = blockIdx.y * kThreads + threadIdx.x;
  if (pair >= n_pairs) return;
  const float2 turn = turn_of(task.positions[row], task.inverse_frequencies[pair], task.magnitude);
  for (int head = 0; head < x.n_heads; ++head)
    turn_pair(x.data + row * x.row_stride + static_cast<int64_t>(head) * x.head_stride, pair,
              n_pairs, task.interleaved, turn);
}

}  // namespace

void launch_rope(Queue& queue, const RopeTask& task) {
  queue.launch({dim3(task.x.rows, ceil_div(task.x.dim / 2, kThreads)), dim3(kThreads)}, rope_kernel,
               task);
}

}  // namespace fathom::cuda
