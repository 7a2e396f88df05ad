// y(h) = x(h) / sqrt(mean(x(h)^2) + eps), a block for each head of a row.
//
// x, y f32 heads; y may be x. Bound by memory. Sum in f32, as in rms_norm.cu.

#include "cuda/device.h"
#include "cuda/ops.h"

namespace fathom::cuda {
namespace {

constexpr int kThreads = 128;
struct Storage {
  float sums[kThreads / kWarpSize];
};

__global__ void unit_rms_norm_kernel(Heads y, Heads x, float eps) {
  wait_for_earlier_kernels();
  const int row = blockIdx.x, head = blockIdx.y;
  const float* in = x.data + row * x.row_stride + static_cast<int64_t>(head) * x.head_stride;
  float* out = y.data + row * y.row_stride + static_cast<int64_t>(head) * y.head_stride;
  float sum = 0.0f;
  for (int i = threadIdx.x; i < x.dim; i += kThreads) sum = fmaf(in[i], in[i], sum);
  sum = block_sum<kThreads>(sum, shared_storage<Storage>().sums);
  const float scale = 1.0f / sqrtf(sum / static_cast<float>(x.dim) + eps);
  for (int i = threadIdx.x; i < x.dim; i += kThreads) out[i] = in[i] * scale;
}

}  // namespace

void launch_unit_rms_norm(Queue& queue, Heads y, Heads x, float eps) {
  queue.launch({dim3(x.rows, x.n_heads), dim3(kThreads), sizeof(Storage)}, unit_rms_norm_kernel, y,
               x, eps);
}

}  // namespace fathom::cuda
