// y = (x - mean) / sqrt(variance + eps) * weight + bias, a block for each row.
//
// x, y f32 [rows, cols], weight and bias f32 [cols]; y may be x. Bound by memory. Sums in f32, as
// in rms_norm.cu; the variance is that of differences from the mean. Source: Ba et al. 2016,
// arXiv:1607.06450.

#include "cuda/device.h"
#include "cuda/ops.h"

namespace fathom::cuda {
namespace {

constexpr int kThreads = 256;
struct Storage {
  float sums[kThreads / kWarpSize], squares[kThreads / kWarpSize];
};

__global__ void layer_norm_kernel(Tensor y, Tensor x, const float* weight, const float* bias,
                                  float eps) {
  wait_for_earlier_kernels();
  const float* in = x.data + blockIdx.x * x.stride;
  float* out = y.data + blockIdx.x * y.stride;
  Storage& storage = shared_storage<Storage>();
  const auto n = static_cast<float>(x.cols);
  float sum = 0.0f;
  for (int i = threadIdx.x; i < x.cols; i += kThreads) sum += in[i];
  const float mean = block_sum<kThreads>(sum, storage.sums) / n;
  float squares = 0.0f;
  for (int i = threadIdx.x; i < x.cols; i += kThreads)
    squares = fmaf(in[i] - mean, in[i] - mean, squares);
  const float variance = block_sum<kThreads>(squares, storage.squares) / n;
  const float scale = 1.0f / sqrtf(variance + eps);
  for (int i = threadIdx.x; i < x.cols; i += kThreads)
    out[i] = (in[i] - mean) * scale * weight[i] + bias[i];
}

}  // namespace

void launch_layer_norm(Queue& queue, Tensor y, Tensor x, const float* weight, const float* bias,
                       float eps) {
  queue.launch({dim3(x.rows), dim3(kThreads), sizeof(Storage)}, layer_norm_kernel, y, x, weight,
               bias, eps);
}

}  // namespace fathom::cuda
