#include <algorithm>

#include "cuda/attention.h"
#include "cuda/attention_kernel.h"
#include "cuda/pack_numbers.h"

namespace fathom::cuda {
namespace {

/// With fewer blocks than this, most of a device has nothing to do.
constexpr int kEnoughBlocks = 96;
/// Parts of more rows than these are not worth more memory than this.
constexpr int kMaxSplitRows = 16;
constexpr size_t kMaxSplitBytes = size_t{64} << 20;
constexpr int kMergeThreads = kGroup;  // what packs rows covers their last group

/// Packs a number of each thread, of `column`; zeros where there are no columns.
__device__ __forceinline__ void pack_column(const AttentionTask& task, int row, int head,
                                            int column, float number) {
  constexpr int kLanes = kWarpSize / 4;
  const int lane = threadIdx.x % kWarpSize;
  float numbers[4];
  for (int i = 0; i < 4; ++i) numbers[i] = __shfl_sync(kFullWarp, number, 4 * (lane % kLanes) + i);
  const int first = column - lane + 4 * (lane % kLanes);
  const bool is_own = task.packed_heads == 1 || first < task.out.dim;
  store_packed(task.packed_out,
               (static_cast<int64_t>(row) * task.out.n_heads + head) / task.packed_heads,
               head % task.packed_heads * task.out.dim + first, numbers, lane < kLanes && is_own);
}

/// A block for each head of a row and kMergeThreads columns: merges the tiles in order. A lane has
/// the factors of one tile.
__global__ void merge_tiles_kernel(AttentionWork work) {
  wait_for_earlier_kernels();
  const AttentionTask& task = work.task;
  const RowPlace place = task.sequences.rows[blockIdx.x];
  const int head = blockIdx.y, lane = threadIdx.x % kWarpSize;
  const int column = blockIdx.z * kMergeThreads + threadIdx.x;
  const bool is_column = column < task.out.dim;
  const int n_tiles = keys_of_row(task.keys, place.position).n_tiles();
  const int64_t first_part =
      (static_cast<int64_t>(blockIdx.x) * task.q.n_heads + head) * work.n_key_tiles;
  float largest = -FLT_MAX, sum = 0.0f, o = 0.0f;
  for (int first = 0; first < n_tiles; first += kWarpSize) {
    const int n = min(kWarpSize, n_tiles - first);
    const int64_t part = first_part + first;
    const float2 sums = lane < n ? work.part_sums[part + lane] : float2{-FLT_MAX, 0.0f};
    float reached = fmaxf(largest, sums.x);  // by the tiles up to this lane's
    for (int lanes = 1; lanes < kWarpSize; lanes *= 2) {
      const float before = __shfl_sync(kFullWarp, reached, max(lane - lanes, 0));
      reached = fmaxf(reached, before);
    }
    const float before = __shfl_sync(kFullWarp, reached, max(lane - 1, 0));
    const Merged merged = merge(lane == 0 ? largest : before, 0.0f, sums.x, sums.y);
#pragma unroll 8
    for (int i = 0; i < n; ++i) {
      const float value = is_column ? work.part_values[(part + i) * task.out.dim + column] : 0.0f;
      const float old_factor = __shfl_sync(kFullWarp, merged.old_factor, i);
      const float new_factor = __shfl_sync(kFullWarp, merged.new_factor, i);
      sum = merge_number(sum, __shfl_sync(kFullWarp, sums.y, i), old_factor, new_factor);
      o = merge_number(o, value, old_factor, new_factor);
    }
    largest = __shfl_sync(kFullWarp, reached, kWarpSize - 1);
  }
  const float number = o / whole_sum(task, head, largest, sum);
  if (is_column)
    task.out.data[place.row * task.out.row_stride +
                  static_cast<int64_t>(head) * task.out.head_stride + column] = number;
  if (task.packed_out.numbers != nullptr) pack_column(task, place.row, head, column, number);
}

bool is_aligned(const void* data, size_t bytes) {
  return reinterpret_cast<uintptr_t>(data) % bytes == 0;
}

bool has_pairs(const Heads& x) {
  return x.dim % 16 == 0 && x.row_stride % 2 == 0 && x.head_stride % 2 == 0 &&
         is_aligned(x.data, sizeof(float2));
}

/// How a task is shared among blocks.
struct Plan {
  AttentionWork work;
  int n_query_tiles;  // 1 or 4
  int n_row_tiles, n_head_blocks;
  size_t scratch_bytes;  // 0: not split

  int n_blocks() const { return n_row_tiles * n_head_blocks; }
};

Plan plan_tiles(const AttentionTask& task, int n_query_tiles) {
  const int shared_by = task.q.n_heads / task.n_kv_heads;
  Plan plan = {.work = {.task = task}, .n_query_tiles = n_query_tiles};
  AttentionWork& work = plan.work;
  work.heads_per_tile = std::min(shared_by, 16 * n_query_tiles);
  // Rows that choose their keys have none in common.
  const int most_rows = task.keys.chosen.groups != nullptr ? 1 : task.sequences.most_rows;
  work.rows_per_tile = std::min(16 * n_query_tiles / work.heads_per_tile, most_rows);
  work.n_head_tiles = ceil_div(shared_by, work.heads_per_tile);
  work.query_pairs = has_pairs(task.q) && has_pairs(task.q_pe);
  const int key_dim = task.q.dim + task.q_pe.dim;
  work.cache_pieces = task.cache.stride % 16 == 0 && is_aligned(task.cache.data, 16) &&
                      key_dim % 8 == 0 && task.value_column % 8 == 0 && task.out.dim % 8 == 0 &&
                      task.keys.groups.column % 8 == 0;
  plan.n_row_tiles = ceil_div(task.sequences.n_rows, work.rows_per_tile);
  plan.n_head_blocks = work.n_head_tiles * task.n_kv_heads;
  return plan;
}

/// Tiles that the rows of a block have at most.
int max_key_tiles(const AttentionTask& task, int rows_per_tile) {
  const KeyChoice& keys = task.keys;
  const int n_positions = task.sequences.most_positions;
  int n_groups = keys.groups.size > 0 ? n_positions / keys.groups.size : 0;
  if (keys.chosen.groups != nullptr) n_groups = std::min(n_groups, keys.chosen.limit);
  const int n_group_tiles = ceil_div(n_groups, kKeyTile);
  if (keys.only_chosen) return n_group_tiles;
  const int n_near_tiles = ceil_div(n_positions, kKeyTile);
  if (keys.window == 0) return n_near_tiles + n_group_tiles;
  const int most_near_tiles = ceil_div(keys.window + rows_per_tile - 2, kKeyTile) + 1;
  return std::min(n_near_tiles, most_near_tiles) + n_group_tiles;
}

Plan plan_attention(const AttentionTask& task) {
  const int shared_by = task.q.n_heads / task.n_kv_heads;
  const int most_rows = task.keys.chosen.groups != nullptr ? 1 : task.sequences.most_rows;
  Plan plan = plan_tiles(task, shared_by * most_rows > 16 ? 4 : 1);
  if (plan.n_blocks() >= kEnoughBlocks) return plan;
  const int n_key_tiles = max_key_tiles(task, plan.work.rows_per_tile);
  const size_t bytes = static_cast<size_t>(n_key_tiles) * task.sequences.n_rows * task.q.n_heads *
                       (sizeof(float2) + task.out.dim * sizeof(float));
  if (n_key_tiles > 1 && (task.sequences.n_rows <= kMaxSplitRows || bytes <= kMaxSplitBytes)) {
    plan.work.n_key_tiles = n_key_tiles;
    plan.scratch_bytes = bytes;
    return plan;
  }
  return plan_tiles(task, 1);  // more blocks
}

template <class S>
void launch_kernel(Queue& queue, const Plan& plan) {
  static_assert(sizeof(AttentionStorage<S>) <= size_t{48} << 10);
  const bool is_split = plan.scratch_bytes > 0;
  queue.launch({dim3(plan.n_row_tiles, plan.n_head_blocks, is_split ? plan.work.n_key_tiles : 1),
                dim3(kAttentionThreads), sizeof(AttentionStorage<S>)},
               attention_kernel<S>, plan.work);
}

template <DType kCache>
void launch_for_cache(Queue& queue, const Plan& plan) {
  const bool is_wide = plan.work.task.out.dim > 128;
  if (plan.n_query_tiles == 1 && !is_wide)
    launch_kernel<AttentionShape<kCache, 1, 128>>(queue, plan);
  else if (plan.n_query_tiles == 1)
    launch_kernel<AttentionShape<kCache, 1, 512>>(queue, plan);
  else if (!is_wide)
    launch_kernel<AttentionShape<kCache, 4, 128>>(queue, plan);
  else
    launch_kernel<AttentionShape<kCache, 4, 512>>(queue, plan);
}

}  // namespace

size_t attention_scratch_bytes(const AttentionTask& task) {
  return plan_attention(task).scratch_bytes;
}

void launch_attention(Queue& queue, const AttentionTask& task, void* scratch) {
  FATHOM_ASSERT(task.out.dim <= 512);
  Plan plan = plan_attention(task);
  if (plan.scratch_bytes > 0) {
    plan.work.part_sums = static_cast<float2*>(scratch);
    plan.work.part_values =
        reinterpret_cast<float*>(plan.work.part_sums + static_cast<int64_t>(task.sequences.n_rows) *
                                                           task.q.n_heads * plan.work.n_key_tiles);
  }
  if (task.cache.dtype == DType::f32)
    launch_for_cache<DType::f32>(queue, plan);
  else if (task.cache.dtype == DType::bf16)
    launch_for_cache<DType::bf16>(queue, plan);
  else
    launch_for_cache<DType::q8_0>(queue, plan);
  if (plan.scratch_bytes > 0)
    queue.launch(
        {dim3(task.sequences.n_rows, task.q.n_heads, ceil_div(task.out.dim, kMergeThreads)),
         dim3(kMergeThreads)},
        merge_tiles_kernel, plan.work);
}

}  // namespace fathom::cuda
