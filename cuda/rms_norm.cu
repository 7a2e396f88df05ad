// y = x / sqrt(mean(x^2) + eps) * weight, a block for each row; before that x += delta, and after
// it y is packed for the products that read it.
//
// x, y f32 [rows, cols], weight f32 [cols]; y may be x or delta. Bound by memory. Sum: norm_sum.h.
// Source: Zhang and Sennrich 2019, arXiv:1910.07467.

#include "cuda/norm_sum.h"
#include "cuda/ops.h"
#include "cuda/pack_numbers.h"

namespace fathom::cuda {
namespace {

__global__ void rms_norm_kernel(RmsNormTask task) {
  wait_for_earlier_kernels();
  const int cols = task.x.cols;
  float* x = task.x.data + blockIdx.x * task.x.stride;
  float* y = task.y.data + blockIdx.x * task.y.stride;
  if (task.delta.data != nullptr) {
    const float* delta = task.delta.data + blockIdx.x * task.delta.stride;
    for_own_numbers(cols, [&](int i) { x[i] += delta[i]; });
  }
  const float scale = norm_scale(x, cols, task.eps, shared_storage<NormStorage>());

  // A warp has a group of columns at a time; those that are none are packed as zeros.
  for (int first = 4 * threadIdx.x; first < task.packed.n_groups * kGroup;
       first += 4 * kNormThreads) {
    float numbers[4];
    for (int i = 0; i < 4; ++i) {
      const bool is_there = first + i < cols;
      numbers[i] = is_there ? x[first + i] * scale * task.weight[first + i] : 0.0f;
      if (is_there) y[first + i] = numbers[i];
    }
    store_packed(task.packed, blockIdx.x, first, numbers, true);
  }
}

}  // namespace

void launch_rms_norm(Queue& queue, const RmsNormTask& task) {
  queue.launch({dim3(task.x.rows), dim3(kNormThreads), sizeof(NormStorage)}, rms_norm_kernel, task);
}

}  // namespace fathom::cuda
