// x = bf16(part 0 + part 1 + ...), parts being bf16; and the parts.
//
// Parts bf16, x f32 [rows, cols]; no aliasing. Bound by memory: 2 bytes a number and part in, 4
// out. Sums in f32, parts in order, rounded once more at the end: whoever has the sums of others as
// bf16 has the same bits as who adds up itself.

#include "cuda/elementwise.h"
#include "cuda/rank_sums.h"

namespace fathom::cuda {
namespace {

__device__ __forceinline__ uint16_t to_bf16(float value) {
  return static_cast<uint16_t>(to_bf16x2(value, 0.0f));
}

__global__ void round_rows_kernel(uint16_t* to, engine::Tensor x) {
  wait_for_earlier_kernels();
  const int column = blockIdx.y * kElementwiseThreads + threadIdx.x;
  const int64_t row = blockIdx.x;
  if (column < x.cols) to[row * x.cols + column] = to_bf16(x.data[row * x.stride + column]);
}

struct SumOfParts {
  const uint16_t* parts;
  int n_parts;
  int64_t stride;
  int cols;
  __device__ float operator()(int64_t row, int column) const {
    const uint16_t* part = parts + row * cols + column;
    float sum = 0.0f;
    for (int i = 0; i < n_parts; ++i) sum += bf16_to_f32(part[i * stride]);
    return bf16_to_f32(to_bf16(sum));
  }
};

}  // namespace

void launch_round_rows(Queue& queue, uint16_t* to, engine::Tensor x) {
  queue.launch({dim3(x.rows, ceil_div(x.cols, kElementwiseThreads)), dim3(kElementwiseThreads)},
               round_rows_kernel, to, x);
}

void launch_sum_parts(Queue& queue, engine::Tensor x, const uint16_t* parts, int n_parts,
                      int64_t stride) {
  launch_elementwise(queue, x, SumOfParts{parts, n_parts, stride, x.cols});
}

}  // namespace fathom::cuda
