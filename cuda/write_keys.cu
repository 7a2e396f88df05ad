// What a token's queries and keys go through before attention, in one pass: rotary embedding of
// both, in place, the norm of latents, in place, and the cache row.
//
// f32, cache f32, bf16 or q8_0. Of a row, one block has the keys, others 8 heads of queries each.
// Bound by latency; sums as in rms_norm.cu. Source: see Backend::write_keys(), rope(), rms_norm().

#include "cuda/cache_writer.h"
#include "cuda/norm_sum.h"
#include "cuda/ops.h"
#include "cuda/rope_angle.h"

namespace fathom::cuda {
namespace {

constexpr int kHeadsPerBlock = 8;

/// Pairs of the heads [first, first + n) of a row; turns [n_pairs].
__device__ void turn_heads(const Heads& x, int row, int first, int n, const float2* turns,
                           bool interleaved) {
  const int n_pairs = x.dim / 2;
  for (int i = threadIdx.x; i < n * n_pairs; i += kNormThreads) {
    float* head =
        x.data + row * x.row_stride + static_cast<int64_t>(first + i / n_pairs) * x.head_stride;
    turn_pair(head, i % n_pairs, n_pairs, interleaved, turns[i % n_pairs]);
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
    const int first = (blockIdx.y - 1) * kHeadsPerBlock;
    turn_heads(task.queries, row, first, min(kHeadsPerBlock, task.queries.n_heads - first), turns,
               task.angles.interleaved);
    return;
  }

  const Heads& k = task.keys;
  turn_heads(k, row, 0, k.n_heads, turns, task.angles.interleaved);
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
