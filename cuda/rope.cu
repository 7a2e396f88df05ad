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

__global__ void rope_kernel(Heads x, RopeAngles angles) {
  wait_for_earlier_kernels();
  const int row = blockIdx.x;
  const int n_pairs = x.dim / 2;
  const int pair = blockIdx.y * kThreads + threadIdx.x;
  if (pair >= n_pairs) return;
  const float2 turn = turn_of(angles, row, pair);
  for (int head = 0; head < x.n_heads; ++head)
    turn_pair(x.data + row * x.row_stride + static_cast<int64_t>(head) * x.head_stride, pair,
              n_pairs, angles.interleaved, turn);
}

}  // namespace

void launch_rope(Queue& queue, Heads x, const RopeAngles& angles) {
  queue.launch({dim3(x.rows, ceil_div(x.dim / 2, kThreads)), dim3(kThreads)}, rope_kernel, x,
               angles);
}

}  // namespace fathom::cuda
