// stream j = m[N + j] * x + sum over i of m[2 N + i * N + j] * stream i, in place; N streams.
//
// f32. A thread for each column, which reads all streams before it writes one. Bound by memory.
// Sums in f32. Source: mHC, arXiv:2512.24880.

#include "cuda/device.h"
#include "cuda/ops.h"

namespace fathom::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kMaxStreams = 8;

__global__ void write_streams_kernel(Tensor streams, Tensor x, Tensor m, int n_streams) {
  wait_for_earlier_kernels();
  const int column = blockIdx.y * kThreads + threadIdx.x;
  if (column >= x.cols) return;
  const float* write = m.data + blockIdx.x * m.stride + n_streams;
  const float* keep = write + n_streams;
  float* stream = streams.data + blockIdx.x * streams.stride + column;
  const float added = x.data[blockIdx.x * x.stride + column];
  float old[kMaxStreams];
  for (int i = 0; i < n_streams; ++i) old[i] = stream[static_cast<int64_t>(i) * x.cols];
  for (int j = 0; j < n_streams; ++j) {
    float sum = write[j] * added;
    for (int i = 0; i < n_streams; ++i) sum = fmaf(keep[i * n_streams + j], old[i], sum);
    stream[static_cast<int64_t>(j) * x.cols] = sum;
  }
}

}  // namespace

void launch_write_streams(Queue& queue, Tensor streams, Tensor x, Tensor m) {
  const int n_streams = streams.cols / x.cols;
  FATHOM_ASSERT(n_streams <= kMaxStreams);
  queue.launch({dim3(x.rows, ceil_div(x.cols, kThreads)), dim3(kThreads)}, write_streams_kernel,
               streams, x, m, n_streams);
}

}  // namespace fathom::cuda
