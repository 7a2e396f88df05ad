// The items of each expert, side by side, cut into tiles.
//
// experts int32 [n_items]. One block: some thousand items. Bound by latency. The order of an
// expert's items is whatever comes first: no result depends on which rows are computed together.

#include <algorithm>

#include "cuda/device.h"
#include "cuda/moe.h"

namespace fathom::cuda {
namespace {

constexpr int kThreads = 256;

struct GroupTask {
  ExpertGroups groups;
  const int32_t* experts;
  int n_items;
  ExpertRange range;
  int tile_rows, max_tiles;
};

/// Index of an item's expert among those that are there; below 0: it is not.
__device__ int expert_of(const GroupTask& task, int item) {
  const int index = task.experts[item] - task.range.first;
  return index < task.range.n ? index : -1;
}

/// Shared memory: counts, then where each expert's items begin, [range.n] each.
__global__ void group_by_expert_kernel(GroupTask task) {
  wait_for_earlier_kernels();
  int* counts = &shared_storage<int>();
  int* begins = counts + task.range.n;
  for (int e = threadIdx.x; e < task.range.n; e += kThreads) counts[e] = 0;
  __syncthreads();
  for (int i = threadIdx.x; i < task.n_items; i += kThreads)
    if (const int e = expert_of(task, i); e >= 0) atomicAdd(&counts[e], 1);
  __syncthreads();
  if (threadIdx.x == 0) {
    int begin = 0, n_tiles = 0;
    for (int e = 0; e < task.range.n; ++e) {
      begins[e] = begin;
      for (int done = 0; done < counts[e]; done += task.tile_rows)
        task.groups.tiles[n_tiles++] = {e, begin + done, min(task.tile_rows, counts[e] - done)};
      begin += counts[e];
    }
    for (; n_tiles < task.max_tiles; ++n_tiles) task.groups.tiles[n_tiles] = {0, 0, 0};
  }
  __syncthreads();
  for (int i = threadIdx.x; i < task.n_items; i += kThreads)
    if (const int e = expert_of(task, i); e >= 0) task.groups.items[atomicAdd(&begins[e], 1)] = i;
}

}  // namespace

int max_tiles(int n_items, int n_experts, int tile_rows) {
  return std::min(n_items, n_experts + n_items / tile_rows);
}

void launch_group_by_expert(Queue& queue, ExpertGroups groups, const int32_t* experts, int n_items,
                            ExpertRange range, int tile_rows) {
  const GroupTask task = {groups, experts,   n_items,
                          range,  tile_rows, max_tiles(n_items, range.n, tile_rows)};
  queue.launch({dim3(1), dim3(kThreads), 2 * range.n * sizeof(int)}, group_by_expert_kernel, task);
}

}  // namespace fathom::cuda
