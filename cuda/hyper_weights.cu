// The weights of a hyper-connection, in place; formulas in engine/backend.h.
//
// m f32 [rows, 2 N + N^2] or [rows, N], N streams. A thread for each row: there are some dozen
// numbers. Bound by latency. Sums in f32. Source: mHC, arXiv:2512.24880; DeepSeek-V4's
// inference/model.py.

#include "cuda/device.h"
#include "cuda/ops.h"

namespace fathom::cuda {
namespace {

constexpr int kThreads = 32;
constexpr int kMaxStreams = 8;

__device__ float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

using Square = float[kMaxStreams][kMaxStreams];

__device__ void softmax_rows(Square& a, int n, float eps) {
  for (int row = 0; row < n; ++row) {
    float largest = a[row][0];
    for (int col = 1; col < n; ++col) largest = fmaxf(largest, a[row][col]);
    float sum = 0.0f;
    for (int col = 0; col < n; ++col) sum += a[row][col] = expf(a[row][col] - largest);
    for (int col = 0; col < n; ++col) a[row][col] = a[row][col] / sum + eps;
  }
}

__device__ void normalise_rows(Square& a, int n, float eps) {
  for (int row = 0; row < n; ++row) {
    float sum = 0.0f;
    for (int col = 0; col < n; ++col) sum += a[row][col];
    for (int col = 0; col < n; ++col) a[row][col] /= sum + eps;
  }
}

__device__ void normalise_columns(Square& a, int n, float eps) {
  for (int col = 0; col < n; ++col) {
    float sum = 0.0f;
    for (int row = 0; row < n; ++row) sum += a[row][col];
    for (int row = 0; row < n; ++row) a[row][col] /= sum + eps;
  }
}

__global__ void hyper_weights_kernel(HyperWeightsTask task) {
  wait_for_earlier_kernels();
  const int row = blockIdx.x * kThreads + threadIdx.x;
  if (row >= task.m.rows) return;
  float* numbers = task.m.data + row * task.m.stride;
  const int n = task.n_streams;
  const auto affine = [&](int i, int part) {
    return fmaf(numbers[i], task.scale[part], task.base[i]);
  };
  const bool only_reads = task.m.cols == n;
  for (int i = 0; i < n; ++i) numbers[i] = sigmoid(affine(i, 0)) + task.eps;
  if (only_reads) return;
  for (int i = n; i < 2 * n; ++i) numbers[i] = 2.0f * sigmoid(affine(i, 1));

  Square keep;
  for (int i = 0; i < n * n; ++i) keep[i / n][i % n] = affine(2 * n + i, 2);
  softmax_rows(keep, n, task.eps);
  normalise_columns(keep, n, task.eps);
  for (int iteration = 1; iteration < task.n_iterations; ++iteration) {
    normalise_rows(keep, n, task.eps);
    normalise_columns(keep, n, task.eps);
  }
  for (int i = 0; i < n * n; ++i) numbers[2 * n + i] = keep[i / n][i % n];
}

}  // namespace

void launch_hyper_weights(Queue& queue, const HyperWeightsTask& task) {
  FATHOM_ASSERT(task.n_streams <= kMaxStreams);
  queue.launch({dim3(ceil_div(task.m.rows, kThreads)), dim3(kThreads)}, hyper_weights_kernel, task);
}

}  // namespace fathom::cuda
