#include "cuda/graph_cache.h"

namespace fathom::cuda {
namespace {

// Some shapes of steps (1 to 8 rows, lengths of texts) times some lists of each.
constexpr size_t kMostKnown = 256;
constexpr int64_t kRecentRuns = kMostKnown / 2;

// A graph of fewer launches begins no sooner than they do.
constexpr int kFewestLaunches = 4;

}  // namespace

GraphCache::~GraphCache() {
  for (auto& [hash, known] : known_)
    if (known.graph != nullptr) (void)cudaGraphExecDestroy(known.graph);
}

cudaError_t GraphCache::make_graph(const LaunchList& list, cudaStream_t stream,
                                   cudaGraphExec_t* made) const {
  cudaError_t error = cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
  if (error != cudaSuccess) return error;
  error = list.issue_all(stream, overlaps_);
  cudaGraph_t graph = nullptr;
  const cudaError_t ended = cudaStreamEndCapture(stream, &graph);
  if (error == cudaSuccess) error = ended;
  if (error == cudaSuccess) error = cudaGraphInstantiate(made, graph, 0);
  if (graph != nullptr) (void)cudaGraphDestroy(graph);
  return error;
}

GraphCache::Known* GraphCache::find(size_t hash, const LaunchList& list) {
  const auto [begin, end] = known_.equal_range(hash);
  for (auto at = begin; at != end; ++at)
    if (at->second.list == list) return &at->second;
  return nullptr;
}

/// Graphs may be running, and are only given up when they are not.
void GraphCache::make_room(cudaStream_t stream) {
  (void)cudaStreamSynchronize(stream);  // an error stays, and the next call has it
  for (auto at = known_.begin(); at != known_.end();) {
    Known& known = at->second;
    if (known.last_run + kRecentRuns > n_runs_) {
      ++at;
      continue;
    }
    if (known.graph != nullptr) (void)cudaGraphExecDestroy(known.graph);
    at = known_.erase(at);
  }
}

GraphCache::Done GraphCache::run(const LaunchList& list, cudaStream_t stream) {
  if (list.n_launches() < kFewestLaunches) return {.error = list.issue_all(stream, overlaps_)};
  ++n_runs_;
  const size_t hash = std::hash<std::string_view>{}(list.bytes());
  Known* known = find(hash, list);
  if (known == nullptr) {
    if (known_.size() >= kMostKnown) make_room(stream);
    known_.emplace(hash, Known{.list = list, .last_run = n_runs_});
    return {.error = list.issue_all(stream, overlaps_)};
  }
  known->last_run = n_runs_;
  if (known->graph == nullptr) {
    const cudaError_t error = make_graph(list, stream, &known->graph);
    if (error == cudaErrorMemoryAllocation) return {.error = list.issue_all(stream, overlaps_)};
    if (error != cudaSuccess) return {.error = error};
  }
  return {.error = cudaGraphLaunch(known->graph, stream), .as_graph = true};
}

}  // namespace fathom::cuda
