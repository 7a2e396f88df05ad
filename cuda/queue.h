// The order in which the device does things: one stream, and the first error of what was put on it.
//
// Launches are gathered, and done some at a time: a list that was done before is one CUDA graph,
// which a device begins in the time of a few launches. They are done when the list is long enough,
// or somebody asks for stream(). All of it is done on the device that was the thread's when the
// queue was made, whichever is now.
//
// Threads: the engine thread. Errors are sticky: after the first one everything is skipped.

#pragma once

#include <memory>

#include "cuda/launch_list.h"

namespace fathom::cuda {

class GraphCache;

class Queue final {
 public:
  Queue();
  /// What was not done yet is not done any more.
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  template <class... Parameters, class... Arguments>
  void launch(const LaunchShape& shape, void (*kernel)(Parameters...), Arguments&&... arguments) {
    ++n_asked_;
    if (error_ != cudaSuccess) return;
    launches_.add(shape, kernel, std::forward<Arguments>(arguments)...);
    if (launches_.n_launches() >= enough_) flush();
  }
  /// Copies pinned memory of the host, which stays as it is until wait(), to memory of the device
  /// that nothing before this call uses.
  void copy(std::byte* to, const std::byte* from, size_t size);

  /// Begins what was asked for.
  void flush();
  /// With everything on it that was asked for.
  cudaStream_t stream() {
    ++n_asked_;
    flush();
    return stream_;
  }
  /// Until the device has done everything.
  void wait();

  /// How often launch() and stream() were called: the same number, nothing has happened.
  int64_t n_asked() const { return n_asked_; }

  void note(cudaError_t error) {
    if (error_ == cudaSuccess) error_ = error;
  }
  cudaError_t error() const { return error_; }

  struct Counts {
    int64_t launches = 0;   // all of them,
    int64_t in_graphs = 0;  // and those that were part of a graph
    int64_t graphs = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  LaunchList launches_;
  int enough_;
  int device_ = 0;
  cudaStream_t stream_ = nullptr;
  cudaError_t error_ = cudaSuccess;
  std::unique_ptr<GraphCache> graphs_;
  int64_t n_asked_ = 0;
  Counts counts_;
};

}  // namespace fathom::cuda
