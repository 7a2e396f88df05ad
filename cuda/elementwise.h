// Kernels that compute each number of a tensor by itself.

#pragma once

#include "cuda/device.h"
#include "cuda/queue.h"
#include "engine/tensor.h"

namespace fathom::cuda {

inline constexpr int kElementwiseThreads = 256;

template <class Number>
__global__ void elementwise_kernel(engine::Tensor y, Number number) {
  wait_for_earlier_kernels();
  const int column = blockIdx.y * kElementwiseThreads + threadIdx.x;
  if (column < y.cols) y.data[blockIdx.x * y.stride + column] = number(blockIdx.x, column);
}

/// y[row][column] = number(row, column); `number` is a struct with a __device__ operator().
template <class Number>
void launch_elementwise(Queue& queue, engine::Tensor y, const Number& number) {
  queue.launch({dim3(y.rows, ceil_div(y.cols, kElementwiseThreads)), dim3(kElementwiseThreads)},
               elementwise_kernel<Number>, y, number);
}

}  // namespace fathom::cuda
