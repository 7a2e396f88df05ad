// The lightning indexer: the `limit` complete groups with the largest
//   sum over heads h of weights[h] * max(q(h) . key, 0)
// for each row, equal ones by lower group, in ascending order.
//
// q f32 heads, weights f32 [rows, n_heads], cache f32. Scores: a warp for each group, lanes share
// the heads; bound by arithmetic, n_heads * dim products a key. Choice: a block for each row finds
// the score of the last one chosen bit by bit, 32 passes over the scores; bound by latency. Sums in
// f32. Source: class Indexer of inference/model.py of DeepSeek-V3.2-Exp and -V4.

#include "cuda/device.h"
#include "cuda/ops.h"
#include "cuda/order.h"

namespace fathom::cuda {
namespace {

constexpr int kWarps = 8;
constexpr int kThreads = kWarps * kWarpSize;

__global__ void score_groups_kernel(ChooseGroupsTask task) {
  wait_for_earlier_kernels();
  const RowPlace place = task.sequences.rows[blockIdx.x];
  const int n_groups = (place.position + 1) / task.keys.size;
  const int group = blockIdx.y * kWarps + threadIdx.x / kWarpSize;
  if (group >= n_groups || n_groups <= task.chosen.limit) return;
  const int slot = task.sequences.slots[place.first_slot + (group + 1) * task.keys.size - 1];
  const float* key = task.cache.data + slot * task.cache.stride + task.keys.column;
  const float* weights = task.weights.data + place.row * task.weights.stride;
  float sum = 0.0f;
  for (int h = threadIdx.x % kWarpSize; h < task.q.n_heads; h += kWarpSize) {
    const float* q =
        task.q.data + place.row * task.q.row_stride + static_cast<int64_t>(h) * task.q.head_stride;
    float dot = 0.0f;
    for (int i = 0; i < task.q.dim; ++i) dot = fmaf(q[i], key[i], dot);
    sum = fmaf(weights[h], fmaxf(dot, 0.0f), sum);
  }
  sum = warp_sum(sum);
  if (threadIdx.x % kWarpSize == 0)
    task.scores[blockIdx.x * static_cast<int64_t>(task.max_groups) + group] =
        sum == sum ? sum : -INFINITY;
}

struct Storage {
  int counts[2][kWarps];
};

/// How many threads of the block before this one have the flag, and how many in all.
struct Rank {
  int before, all;
};

__device__ Rank rank_in_block(bool flag, int* counts) {
  const uint32_t votes = __ballot_sync(kFullWarp, flag);
  const int warp = threadIdx.x / kWarpSize, lane = threadIdx.x % kWarpSize;
  if (lane == 0) counts[warp] = __popc(votes);
  __syncthreads();
  Rank rank = {__popc(votes & ((1u << lane) - 1)), 0};
  for (int i = 0; i < kWarps; ++i) {
    if (i < warp) rank.before += counts[i];
    rank.all += counts[i];
  }
  __syncthreads();
  return rank;
}

__device__ int count_in_block(int n, int* counts) {
  for (int lanes = kWarpSize / 2; lanes > 0; lanes /= 2) n += __shfl_xor_sync(kFullWarp, n, lanes);
  if (threadIdx.x % kWarpSize == 0) counts[threadIdx.x / kWarpSize] = n;
  __syncthreads();
  int sum = 0;
  for (int i = 0; i < kWarps; ++i) sum += counts[i];
  __syncthreads();
  return sum;
}

__device__ int count_from(const float* scores, int n, uint32_t order, int* counts) {
  int mine = 0;
  for (int i = threadIdx.x; i < n; i += kThreads) mine += order_of(scores[i]) >= order ? 1 : 0;
  return count_in_block(mine, counts);
}

__global__ void choose_groups_kernel(ChooseGroupsTask task) {
  wait_for_earlier_kernels();
  const RowPlace place = task.sequences.rows[blockIdx.x];
  const int n_groups = (place.position + 1) / task.keys.size;
  const int limit = task.chosen.limit;
  int32_t* out = task.chosen.groups + static_cast<int64_t>(place.row) * limit;
  if (n_groups <= limit) {
    for (int i = threadIdx.x; i < limit; i += kThreads) out[i] = i < n_groups ? i : -1;
    return;
  }

  int(&counts)[2][kWarps] = shared_storage<Storage>().counts;
  const float* scores = task.scores + blockIdx.x * static_cast<int64_t>(task.max_groups);
  uint32_t last = 0;  // the largest order that at least `limit` scores reach
  for (int bit = 31; bit >= 0; --bit)
    if (count_from(scores, n_groups, last | 1u << bit, counts[0]) >= limit) last |= 1u << bit;
  const int n_better = last == 0xffffffffu ? 0 : count_from(scores, n_groups, last + 1, counts[0]);
  int n_equal_wanted = limit - n_better;
  int n_chosen = 0;
  for (int first = 0; first < n_groups && n_chosen < limit; first += kThreads) {
    const int i = first + threadIdx.x;
    const uint32_t order = i < n_groups ? order_of(scores[i]) : 0;
    const bool is_equal = i < n_groups && order == last;
    const Rank equal = rank_in_block(is_equal, counts[0]);
    const bool is_chosen =
        (i < n_groups && order > last) || (is_equal && equal.before < n_equal_wanted);
    const Rank chosen = rank_in_block(is_chosen, counts[1]);
    if (is_chosen) out[n_chosen + chosen.before] = i;
    n_equal_wanted -= min(equal.all, n_equal_wanted);
    n_chosen += chosen.all;
  }
}

}  // namespace

void launch_choose_groups(Queue& queue, const ChooseGroupsTask& task) {
  const int n_rows = task.sequences.n_rows;
  if (task.max_groups > task.chosen.limit)
    queue.launch({dim3(n_rows, ceil_div(task.max_groups, kWarps)), dim3(kThreads)},
                 score_groups_kernel, task);
  queue.launch({dim3(n_rows), dim3(kThreads), sizeof(Storage)}, choose_groups_kernel, task);
}

}  // namespace fathom::cuda
