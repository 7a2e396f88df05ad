// Lists of launches as CUDA graphs, from the second time that the same list is done: the first time
// says nothing about whether it comes again, and making a graph takes longer than its launches.
//
// Threads: the engine thread.

#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "cuda/launch_list.h"

namespace fathom::cuda {

class GraphCache final {
 public:
  /// `overlaps`: see LaunchList::issue_all().
  explicit GraphCache(bool overlaps) : overlaps_(overlaps) {}
  GraphCache(const GraphCache&) = delete;
  GraphCache& operator=(const GraphCache&) = delete;
  ~GraphCache();

  struct Done {
    cudaError_t error = cudaSuccess;
    bool as_graph = false;
  };
  /// Puts the list on the stream.
  Done run(const LaunchList& list, cudaStream_t stream);

 private:
  struct Known {
    LaunchList list;
    cudaGraphExec_t graph = nullptr;
    int64_t last_run = 0;
  };
  cudaError_t make_graph(const LaunchList& list, cudaStream_t stream, cudaGraphExec_t* made) const;
  Known* find(size_t hash, const LaunchList& list);
  void make_room(cudaStream_t stream);

  const bool overlaps_;
  std::unordered_multimap<size_t, Known> known_;
  int64_t n_runs_ = 0;
};

}  // namespace fathom::cuda
