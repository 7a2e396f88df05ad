// The kernels of attention.h.
//
// For each tile of kKeyTile keys: scores s, their maximum m, weights exp(s - m), their sum l, and
// the weighted sum o of values. Tiles are merged in order:
//   m' = max(m, m_t); l' = l exp(m - m') + l_t exp(m_t - m'); o' likewise; out = o / l
// A block of 128 threads has up to kHeads heads that share keys. Few rows: a block for each tile,
// and another kernel that merges (split); many rows: a block for all tiles of a row. Both do the
// same arithmetic in the same order.
//
// q f32, cache f32, bf16 or q8_0, sums f32. Bound by memory for few rows (each key is read once by
// all heads that share it), by arithmetic for many. Source: Dao et al. 2023, "Flash-Decoding";
// DeepSeek-V2, arXiv:2405.04434, section 2.1.

#pragma once

#include <cfloat>

#include "cuda/attention.h"
#include "cuda/cache_numbers.h"
#include "cuda/device.h"

namespace fathom::cuda {

inline constexpr int kAttentionThreads = 128;
inline constexpr int kDimTile = 32;  // columns of keys in shared memory at a time

/// What a block computes.
struct AttentionWork {
  AttentionTask task;
  int n_head_tiles;  // of a key head
  float* parts;      // split: [rows, n_heads, n_key_tiles, 2 + out.dim]; m, l, o
  int n_key_tiles;   // at most, of any row
};

template <int kHeads>
struct AttentionStorage {
  float keys[kKeyTile][kDimTile + 1];  // the gap keeps threads of one column on different banks
  float q[kHeads][kDimTile];
  float weights[kHeads][kKeyTile];
  float largest[kHeads], sum[kHeads];
  const std::byte* rows[kKeyTile];  // of the cache
  int columns[kKeyTile];            // where the key's numbers begin
};

__device__ __forceinline__ int count_keys(const KeyChoice& keys, int position) {
  const int n_complete = keys.groups.size > 0 ? (position + 1) / keys.groups.size : 0;
  const int n_groups =
      keys.chosen.groups != nullptr ? min(n_complete, keys.chosen.limit) : n_complete;
  if (keys.only_chosen) return n_groups;
  const int n_near = keys.window > 0 ? min(keys.window, position + 1) : position + 1;
  return n_near + n_groups;
}

/// The position whose cache row has key `index`, and the column of its numbers.
__device__ __forceinline__ int2 find_key(const KeyChoice& keys, const RowPlace& place, int index) {
  int n_near = 0;
  if (!keys.only_chosen) {
    n_near = keys.window > 0 ? min(keys.window, place.position + 1) : place.position + 1;
    if (index < n_near) return {place.position + 1 - n_near + index, 0};
  }
  int group = index - n_near;
  if (keys.chosen.groups != nullptr)
    group = keys.chosen.groups[static_cast<int64_t>(place.row) * keys.chosen.limit + group];
  return {(group + 1) * keys.groups.size - 1, keys.groups.column};
}

template <int kHeads>
__device__ __forceinline__ void find_keys(AttentionStorage<kHeads>& storage,
                                          const AttentionTask& task, const RowPlace& place,
                                          int first, int n) {
  for (int i = threadIdx.x; i < n; i += kAttentionThreads) {
    const int2 key = find_key(task.keys, place, first + i);
    const int slot = task.sequences.slots[place.first_slot + key.x];
    storage.rows[i] = task.cache.data + slot * task.cache.stride;
    storage.columns[i] = key.y;
  }
}

/// The heads of a block: `n` from `first` on, which read key head `kv`.
struct BlockHeads {
  int first, n, kv;
};

template <int kHeads>
__device__ __forceinline__ BlockHeads heads_of_block(const AttentionWork& work, int index) {
  const int shared_by = work.task.q.n_heads / work.task.n_kv_heads;
  const int kv = index / work.n_head_tiles;
  const int first = index % work.n_head_tiles * kHeads;
  return {kv * shared_by + first, min(kHeads, shared_by - first), kv};
}

__device__ __forceinline__ float query_number(const AttentionTask& task, int row, int head,
                                              int column) {
  if (column < task.q.dim)
    return task.q
        .data[row * task.q.row_stride + static_cast<int64_t>(head) * task.q.head_stride + column];
  return task.q_pe.data[row * task.q_pe.row_stride +
                        static_cast<int64_t>(head) * task.q_pe.head_stride + column - task.q.dim];
}

/// storage.weights = scores of `n` keys.
template <DType kCache, int kHeads>
__device__ void compute_scores(AttentionStorage<kHeads>& storage, const AttentionTask& task,
                               const RowPlace& place, const BlockHeads& heads, int n) {
  // A thread has one key and every second group of heads.
  constexpr int kOwnHeads = kHeads > 1 ? kHeads / 2 : 1;
  const int key = threadIdx.x % kKeyTile;
  const int first_head = threadIdx.x / kKeyTile * kOwnHeads;
  const int dim = task.q.dim + task.q_pe.dim;
  float scores[kOwnHeads] = {};
  for (int begin = 0; begin < dim; begin += kDimTile) {
    const int n_columns = min(kDimTile, dim - begin);
    for (int i = threadIdx.x; i < kKeyTile * kDimTile; i += kAttentionThreads) {
      const int row = i / kDimTile, column = i % kDimTile;
      storage.keys[row][column] =
          row < n && column < n_columns
              ? cache_number<kCache>(storage.rows[row],
                                     storage.columns[row] + heads.kv * dim + begin + column)
              : 0.0f;
    }
    for (int i = threadIdx.x; i < kHeads * kDimTile; i += kAttentionThreads) {
      const int head = i / kDimTile, column = i % kDimTile;
      storage.q[head][column] =
          head < heads.n && column < n_columns
              ? query_number(task, place.row, heads.first + head, begin + column)
              : 0.0f;
    }
    __syncthreads();
    if (first_head < kHeads) {
      for (int column = 0; column < kDimTile; ++column) {
        const float k = storage.keys[key][column];
        for (int i = 0; i < kOwnHeads; ++i)
          scores[i] = fmaf(storage.q[first_head + i][column], k, scores[i]);
      }
    }
    __syncthreads();
  }
  if (first_head < kHeads) {
    for (int i = 0; i < kOwnHeads; ++i)
      storage.weights[first_head + i][key] = key < n ? scores[i] * task.scale : -INFINITY;
  }
  __syncthreads();
}

/// Scores become weights; a warp for each head.
template <int kHeads>
__device__ void softmax_tile(AttentionStorage<kHeads>& storage) {
  const int lane = threadIdx.x % kWarpSize;
  for (int head = threadIdx.x / kWarpSize; head < kHeads; head += kAttentionThreads / kWarpSize) {
    float* weights = storage.weights[head];
    const float first = weights[lane], second = weights[lane + kWarpSize];
    const float largest = warp_max(fmaxf(first, second));
    weights[lane] = expf(first - largest);
    weights[lane + kWarpSize] = expf(second - largest);
    const float sum = warp_sum(weights[lane] + weights[lane + kWarpSize]);
    if (lane == 0) {
      storage.largest[head] = largest;
      storage.sum[head] = sum;
    }
  }
  __syncthreads();
}

/// Columns threadIdx.x + i * kAttentionThreads of the heads' outputs.
template <int kHeads, int kColumns>
using OwnOutputs = float[kHeads][kColumns];

template <DType kCache, int kHeads, int kColumns>
__device__ void add_values(OwnOutputs<kHeads, kColumns>& o, const AttentionStorage<kHeads>& storage,
                           const AttentionTask& task, const BlockHeads& heads, int n) {
  const int dim = task.out.dim;
  for (int key = 0; key < n; ++key) {
    const int begin = storage.columns[key] + task.value_column + heads.kv * dim;
#pragma unroll
    for (int i = 0; i < kColumns; ++i) {
      const int column = threadIdx.x + i * kAttentionThreads;
      if (column >= dim) continue;
      const float value = cache_number<kCache>(storage.rows[key], begin + column);
#pragma unroll
      for (int head = 0; head < kHeads; ++head)
        o[head][i] = fmaf(storage.weights[head][key], value, o[head][i]);
    }
  }
}

/// m, l and the factors of what was there and what is added.
struct Merged {
  float largest, sum, old_factor, new_factor;
};

__device__ __forceinline__ Merged merge(float largest, float sum, float tile_largest,
                                        float tile_sum) {
  const float both = fmaxf(largest, tile_largest);
  const float old_factor = expf(largest - both), new_factor = expf(tile_largest - both);
  return {both, fmaf(sum, old_factor, tile_sum * new_factor), old_factor, new_factor};
}

__device__ __forceinline__ float merge_number(float old, float added, const Merged& merged) {
  return fmaf(old, merged.old_factor, added * merged.new_factor);
}

/// What is divided by at last: the sum of weights, that of the head's sink among them.
__device__ __forceinline__ float whole_sum(const AttentionTask& task, int head, float largest,
                                           float sum) {
  return task.sinks != nullptr ? sum + expf(task.sinks[head] - largest) : sum;
}

template <DType kCache, int kHeads, int kColumns>
__global__ void __launch_bounds__(kAttentionThreads) attention_split_kernel(AttentionWork work) {
  wait_for_earlier_kernels();
  const AttentionTask& task = work.task;
  const RowPlace place = task.sequences.rows[blockIdx.z];
  const int n_keys = count_keys(task.keys, place.position);
  const int first = blockIdx.x * kKeyTile;
  if (first >= n_keys) return;  // the whole block
  const int n = min(kKeyTile, n_keys - first);
  const BlockHeads heads = heads_of_block<kHeads>(work, blockIdx.y);

  auto& storage = shared_storage<AttentionStorage<kHeads>>();
  find_keys(storage, task, place, first, n);
  __syncthreads();
  compute_scores<kCache>(storage, task, place, heads, n);
  softmax_tile(storage);
  OwnOutputs<kHeads, kColumns> o = {};
  add_values<kCache, kHeads, kColumns>(o, storage, task, heads, n);

  const int dim = task.out.dim;
#pragma unroll
  for (int head = 0; head < kHeads; ++head) {
    if (head >= heads.n) continue;
    const int64_t index = (static_cast<int64_t>(blockIdx.z) * task.q.n_heads + heads.first + head) *
                              work.n_key_tiles +
                          blockIdx.x;
    float* part = work.parts + index * (2 + dim);
    if (threadIdx.x == 0) {
      part[0] = storage.largest[head];
      part[1] = storage.sum[head];
    }
#pragma unroll
    for (int i = 0; i < kColumns; ++i) {
      const int column = threadIdx.x + i * kAttentionThreads;
      if (column < dim) part[2 + column] = o[head][i];
    }
  }
}

/// All tiles of a row, one after another.
template <DType kCache, int kHeads, int kColumns>
__global__ void __launch_bounds__(kAttentionThreads) attention_whole_kernel(AttentionWork work) {
  wait_for_earlier_kernels();
  const AttentionTask& task = work.task;
  const RowPlace place = task.sequences.rows[blockIdx.x];
  const int n_keys = count_keys(task.keys, place.position);
  const BlockHeads heads = heads_of_block<kHeads>(work, blockIdx.y);
  auto& storage = shared_storage<AttentionStorage<kHeads>>();
  OwnOutputs<kHeads, kColumns> o = {};
  float largest[kHeads], sum[kHeads];
#pragma unroll
  for (int head = 0; head < kHeads; ++head) {
    largest[head] = -FLT_MAX;
    sum[head] = 0.0f;
  }
  for (int first = 0; first < n_keys; first += kKeyTile) {
    const int n = min(kKeyTile, n_keys - first);
    __syncthreads();  // the tile before is done with
    find_keys(storage, task, place, first, n);
    __syncthreads();
    compute_scores<kCache>(storage, task, place, heads, n);
    softmax_tile(storage);
    OwnOutputs<kHeads, kColumns> tile = {};
    add_values<kCache, kHeads, kColumns>(tile, storage, task, heads, n);
#pragma unroll
    for (int head = 0; head < kHeads; ++head) {
      const Merged merged =
          merge(largest[head], sum[head], storage.largest[head], storage.sum[head]);
      largest[head] = merged.largest;
      sum[head] = merged.sum;
#pragma unroll
      for (int i = 0; i < kColumns; ++i)
        o[head][i] = merge_number(o[head][i], tile[head][i], merged);
    }
  }
#pragma unroll
  for (int head = 0; head < kHeads; ++head) {
    if (head >= heads.n) continue;
    const int at = heads.first + head;
    const float all = whole_sum(task, at, largest[head], sum[head]);
    float* out = task.out.data + place.row * task.out.row_stride +
                 static_cast<int64_t>(at) * task.out.head_stride;
#pragma unroll
    for (int i = 0; i < kColumns; ++i) {
      const int column = threadIdx.x + i * kAttentionThreads;
      if (column < task.out.dim) out[column] = o[head][i] / all;
    }
  }
}

}  // namespace fathom::cuda
