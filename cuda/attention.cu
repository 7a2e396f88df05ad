#include "cuda/attention.h"
#include "cuda/attention_kernel.h"

namespace fathom::cuda {
namespace {

/// Rows up to which a row's tiles are shared among blocks.
constexpr int kMaxSplitRows = 16;
constexpr int kMergeThreads = 128;

/// A block for each head of a row: merges the tiles in order.
__global__ void merge_tiles_kernel(AttentionWork work) {
  wait_for_earlier_kernels();
  const AttentionTask& task = work.task;
  const RowPlace place = task.sequences.rows[blockIdx.x];
  const int head = blockIdx.y;
  const int dim = task.out.dim;
  const int n_tiles = ceil_div(count_keys(task.keys, place.position), kKeyTile);
  const float* parts = work.parts + (static_cast<int64_t>(blockIdx.x) * task.q.n_heads + head) *
                                        work.n_key_tiles * (2 + dim);
  float* out = task.out.data + place.row * task.out.row_stride +
               static_cast<int64_t>(head) * task.out.head_stride;
  for (int column = threadIdx.x; column < dim; column += kMergeThreads) {
    float largest = -FLT_MAX, sum = 0.0f, o = 0.0f;
    for (int tile = 0; tile < n_tiles; ++tile) {
      const float* part = parts + static_cast<int64_t>(tile) * (2 + dim);
      const Merged merged = merge(largest, sum, part[0], part[1]);
      largest = merged.largest;
      sum = merged.sum;
      o = merge_number(o, part[2 + column], merged);
    }
    out[column] = o / whole_sum(task, head, largest, sum);
  }
}

int max_keys(const AttentionTask& task) {
  const int n_positions = task.sequences.most_positions;
  const KeyChoice& keys = task.keys;
  int n_groups = keys.groups.size > 0 ? n_positions / keys.groups.size : 0;
  if (keys.chosen.groups != nullptr) n_groups = std::min(n_groups, keys.chosen.limit);
  if (keys.only_chosen) return n_groups;
  return (keys.window > 0 ? std::min(keys.window, n_positions) : n_positions) + n_groups;
}

bool is_split(const AttentionTask& task) { return task.sequences.n_rows <= kMaxSplitRows; }

template <DType kCache, int kHeads, int kColumns>
void launch_kernels(Queue& queue, AttentionWork work) {
  const AttentionTask& task = work.task;
  const int shared_by = task.q.n_heads / task.n_kv_heads;
  work.n_head_tiles = ceil_div(shared_by, kHeads);
  const int n_head_blocks = work.n_head_tiles * task.n_kv_heads;
  constexpr size_t kBytes = sizeof(AttentionStorage<kHeads>);
  if (!is_split(task))
    return queue.launch(
        {dim3(task.sequences.n_rows, n_head_blocks), dim3(kAttentionThreads), kBytes},
        attention_whole_kernel<kCache, kHeads, kColumns>, work);
  queue.launch({dim3(work.n_key_tiles, n_head_blocks, task.sequences.n_rows),
                dim3(kAttentionThreads), kBytes},
               attention_split_kernel<kCache, kHeads, kColumns>, work);
  queue.launch({dim3(task.sequences.n_rows, task.q.n_heads), dim3(kMergeThreads)},
               merge_tiles_kernel, work);
}

template <DType kCache, int kHeads>
void launch_by_width(Queue& queue, const AttentionWork& work) {
  if (work.task.out.dim <= kAttentionThreads)
    launch_kernels<kCache, kHeads, 1>(queue, work);
  else
    launch_kernels<kCache, kHeads, 4>(queue, work);
}

template <DType kCache>
void launch_by_heads(Queue& queue, const AttentionWork& work) {
  const int shared_by = work.task.q.n_heads / work.task.n_kv_heads;
  if (shared_by == 1)
    launch_by_width<kCache, 1>(queue, work);
  else
    launch_by_width<kCache, 8>(queue, work);
}

}  // namespace

size_t attention_scratch_bytes(const AttentionTask& task) {
  if (!is_split(task)) return 0;
  const auto n_tiles = static_cast<size_t>(ceil_div(max_keys(task), kKeyTile));
  return n_tiles * task.sequences.n_rows * task.q.n_heads * (2 + task.out.dim) * sizeof(float);
}

void launch_attention(Queue& queue, const AttentionTask& task, void* scratch) {
  FATHOM_ASSERT(task.out.dim <= 4 * kAttentionThreads);
  const AttentionWork work = {.task = task,
                              .n_head_tiles = 1,
                              .parts = static_cast<float*>(scratch),
                              .n_key_tiles = ceil_div(max_keys(task), kKeyTile)};
  if (task.cache.dtype == DType::f32)
    launch_by_heads<DType::f32>(queue, work);
  else if (task.cache.dtype == DType::bf16)
    launch_by_heads<DType::bf16>(queue, work);
  else
    launch_by_heads<DType::q8_0>(queue, work);
}

}  // namespace fathom::cuda
