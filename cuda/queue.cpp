#include "cuda/queue.h"

#include <algorithm>

#include "cuda/graph_cache.h"
#include "cuda/kernels_wait.h"

namespace fathom::cuda {
namespace {

// The device waits for the first list of a step, and none of the others: each is done while the
// next is gathered. Longer ones have fewer gaps between them.
constexpr int kFirstList = 16;
constexpr int kLongestList = 256;

}  // namespace

Queue::Queue() : enough_(kFirstList), graphs_(std::make_unique<GraphCache>(kernels_wait())) {
  note(cudaGetDevice(&device_));
  note(cudaStreamCreate(&stream_));
}

Queue::~Queue() {
  graphs_.reset();
  (void)cudaStreamDestroy(stream_);
}

void Queue::copy(std::byte* to, const std::byte* from, size_t size) {
  if (error_ != cudaSuccess || launches_.add_copy(to, from, size)) return;
  flush();
  launches_.add_copy(to, from, size);
}

void Queue::flush() {
  if (launches_.empty()) return;
  note(cudaSetDevice(device_));
  if (error_ == cudaSuccess) {
    const GraphCache::Done done = graphs_->run(launches_, stream_);
    note(done.error);
    counts_.launches += launches_.n_launches();
    if (done.as_graph) {
      counts_.in_graphs += launches_.n_launches();
      ++counts_.graphs;
    }
  }
  launches_.clear();
  enough_ = std::min(2 * enough_, kLongestList);
}

void Queue::wait() {
  flush();
  note(cudaStreamSynchronize(stream_));
  enough_ = kFirstList;
}

}  // namespace fathom::cuda
