// The order in which the device does things: one stream, and the first error of what was put on it.
//
// Threads: the engine thread. Errors are sticky: after the first one everything is skipped. Headers
// that kernels include are small: each is compiled for every generation of devices.

#pragma once

#include <cstddef>
#include <utility>

#include <cuda_runtime.h>

namespace fathom::cuda {

struct LaunchShape {
  dim3 blocks;
  dim3 threads;
  size_t shared_bytes = 0;
};

class Queue final {
 public:
  Queue() { note(cudaStreamCreate(&stream_)); }
  ~Queue() { (void)cudaStreamDestroy(stream_); }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  template <class... Parameters, class... Arguments>
  void launch(const LaunchShape& shape, void (*kernel)(Parameters...), Arguments&&... arguments) {
    if (error_ != cudaSuccess) return;
    cudaLaunchConfig_t config = {};
    config.gridDim = shape.blocks;
    config.blockDim = shape.threads;
    config.dynamicSmemBytes = shape.shared_bytes;
    config.stream = stream_;
    note(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...));
  }

  void note(cudaError_t error) {
    if (error_ == cudaSuccess) error_ = error;
  }
  cudaError_t error() const { return error_; }
  cudaStream_t stream() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
  cudaError_t error_ = cudaSuccess;
};

}  // namespace fathom::cuda
