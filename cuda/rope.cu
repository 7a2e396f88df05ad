// (a, b) -> (a cos - b sin, a sin + b cos) with the angle position * inverse_frequencies[i], in
// place.
//
// x f32 heads. A thread for each pair of a row, which turns it in all heads. Bound by latency: an
// angle of a long text has no room in f32, so that it is reduced to [-pi, pi] in f64 and rounded
// then. Source: Su et al. 2021, arXiv:2104.09864.

#include "cuda/device.h"
#include "cuda/ops.h"

namespace fathom::cuda {
namespace {

constexpr int kThreads = 64;

__global__ void rope_kernel(RopeTask task) {
  constexpr double kTurn = 6.283185307179586476925;
  const Heads& x = task.x;
  const int row = blockIdx.x;
  const int n_pairs = x.dim / 2;
  const int pair = blockIdx.y * kThreads + threadIdx.x;
  if (pair >= n_pairs) return;
  const double angle = static_cast<double>(task.inverse_frequencies[pair]) * task.positions[row];
  const auto reduced = static_cast<float>(angle - rint(angle / kTurn) * kTurn);
  const float cosine = cosf(reduced) * task.magnitude;
  const float sine = sinf(reduced) * task.magnitude;
  const int first = task.interleaved ? 2 * pair : pair;
  const int second = task.interleaved ? 2 * pair + 1 : pair + n_pairs;
  for (int head = 0; head < x.n_heads; ++head) {
    float* numbers = x.data + row * x.row_stride + static_cast<int64_t>(head) * x.head_stride;
    const float a = numbers[first], b = numbers[second];
    numbers[first] = a * cosine - b * sine;
    numbers[second] = a * sine + b * cosine;
  }
}

}  // namespace

void launch_rope(Queue& queue, const RopeTask& task) {
  queue.launch({dim3(task.x.rows, ceil_div(task.x.dim / 2, kThreads)), dim3(kThreads)}, rope_kernel,
               task);
}

}  // namespace fathom::cuda
