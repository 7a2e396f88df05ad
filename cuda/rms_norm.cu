// y = x / sqrt(mean(x^2) + eps) * weight, a block for each row.
//
// x, y f32 [rows, cols], weight f32 [cols]; y may be x. Bound by memory. Sum in f32: each thread
// every 256th number, then in a tree. Source: Zhang and Sennrich 2019, arXiv:1910.07467.

#include "cuda/device.h"
#include "cuda/ops.h"

namespace fathom::cuda {
namespace {

constexpr int kThreads = 256;
struct Storage {
  float sums[kThreads / kWarpSize];
};

__global__ void rms_norm_kernel(Tensor y, Tensor x, const float* weight, float eps) {
  const float* in = x.data + blockIdx.x * x.stride;
  float* out = y.data + blockIdx.x * y.stride;
  float sum = 0.0f;
  for (int i = threadIdx.x; i < x.cols; i += kThreads) sum = fmaf(in[i], in[i], sum);
  sum = block_sum<kThreads>(sum, shared_storage<Storage>().sums);
  const float scale = 1.0f / sqrtf(sum / static_cast<float>(x.cols) + eps);
  for (int i = threadIdx.x; i < x.cols; i += kThreads) out[i] = in[i] * scale * weight[i];
}

}  // namespace

void launch_rms_norm(Queue& queue, Tensor y, Tensor x, const float* weight, float eps) {
  queue.launch({dim3(x.rows), dim3(kThreads), sizeof(Storage)}, rms_norm_kernel, y, x, weight, eps);
}

}  // namespace fathom::cuda
