// What a token's queries and keys go through before attention, in one pass: rotary embedding of
// both, in place, the norm of latents, in place, and the cache row. What is not rotated of the
// queries is packed for the product that reads it.
//
// f32, cache f32, bf16 or q8_0. Of a row, one block has the keys, others 8 heads of queries each.
// Bound by latency; sums as in rms_norm.cu. Source: see Backend::write_keys(), rope(), rms_norm().

#include "cuda/cache_writer.h"
#include "cuda/norm_sum.h"
#include "cuda/ops.h"
#include "cuda/pack_numbers.h"
#include "cuda/rope_angle.h"

namespace fathom::cuda {
namespace {

constexpr int kHeadsPerBlock = 8;

__device__ float* head_of(const Heads& x, int row, int head) {
  return x.data + row * x.row_stride + static_cast<int64_t>(head) * x.head_stride;
}

/// Pairs of the last numbers of the heads [first, first + n) of a row; turns [n_pairs].
__device__ void turn_heads(const Heads& x, int row, int first, int n, const float2* turns,
                           int n_pairs, bool interleaved) {
  const int begin = x.dim - 2 * n_pairs;
  for (int i = threadIdx.x; i < n * n_pairs; i += kNormThreads)
    turn_pair(head_of(x, row, first + i / n_pairs) + begin, i % n_pairs, n_pairs, interleaved,
              turns[i % n_pairs]);
}

/// The first `cols` numbers of the heads [first, first + n) of a row.
__device__ void pack_heads(const PackedRows& out, const Heads& x, int row, int first, int n,
                           int cols) {
  const int64_t first_row = static_cast<int64_t>(row) * x.n_heads + first;
  for (int i = threadIdx.x / kWarpSize; i < n * out.n_groups; i += kNormThreads / kWarpSize) {
    const int index = i / out.n_groups;
    const float* head = head_of(x, row, first + index);
    pack_group(out, first_row + index, i % out.n_groups, cols,
               [&](int column) { return head[column]; });
  }
}

__device__ void write_part(const WriteKeysTask& task, int row, int column, const float* x,
                           int cols) {
  for (int first = threadIdx.x / kWarpSize * kWarpSize; first < cols; first += kNormThreads)
    write_to_cache(task.cache, task.slots[row], column, x, cols, first, threadIdx.x % kWarpSize);
}

/// Shared memory: NormStorage, then turns [dim / 2].
__global__ void write_keys_kernel(WriteKeysTask task) {
  wait_for_earlier_kernels();
  NormStorage& storage = shared_storage<NormStorage>();
  auto* turns = reinterpret_cast<float2*>(&storage + 1);
  const int row = blockIdx.x;
  const int n_pairs = task.keys.dim / 2;
  for (int pair = threadIdx.x; pair < n_pairs; pair += kNormThreads)
    turns[pair] = turn_of(task.angles, row, pair);
  __syncthreads();
  if (blockIdx.y > 0) {
    const Heads& q = task.queries;
    const int first = (blockIdx.y - 1) * kHeadsPerBlock, n = min(kHeadsPerBlock, q.n_heads - first);
    turn_heads(q, row, first, n, turns, n_pairs, task.angles.interleaved);
    pack_heads(task.packed_queries, q, row, first, n, q.dim - task.keys.dim);
    return;
  }

  const Heads& k = task.keys;
  turn_heads(k, row, 0, k.n_heads, turns, n_pairs, task.angles.interleaved);
  float* latent = task.normed.data + row * task.normed.stride;
  if (task.normed.cols > 0) {
    const float scale = norm_scale(latent, task.normed.cols, task.eps, storage);
    for_own_numbers(task.normed.cols, [&](int i) { latent[i] = latent[i] * scale * task.norm[i]; });
  }
  __syncthreads();  // others' numbers are written below
  write_part(task, row, 0, latent, task.normed.cols);
  write_part(task, row, task.normed.cols, k.data + row * k.row_stride, k.n_heads * k.dim);
  write_part(task, row, task.normed.cols + k.n_heads * k.dim,
             task.plain.data + row * task.plain.stride, task.plain.cols);
}

}  // namespace

void launch_write_keys(Queue& queue, const WriteKeysTask& task) {
  const size_t bytes = sizeof(NormStorage) + task.keys.dim / 2 * sizeof(float2);
  queue.launch({dim3(task.keys.rows, 1 + ceil_div(task.queries.n_heads, kHeadsPerBlock)),
                dim3(kNormThreads), bytes},
               write_keys_kernel, task);
}

}  // namespace fathom::cuda
