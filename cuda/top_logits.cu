// The likeliest tokens of a row of logits, and sums over all of them: engine/top_logits.h.
//
// logits f32 [rows, vocab]. A block has a slice of a row: each of its warps keeps the 32 largest
// that it has seen, a lane each, and merges them with the next 32; then warps are merged, and in a
// second kernel slices. Bound by latency: some 1,000 exchanges of lanes in all. Sums in f32: each
// thread its own numbers in order, then in a tree, then slices likewise. Source: bitonic networks,
// Batcher 1968.

#include "cuda/device.h"
#include "cuda/order.h"
#include "cuda/top_logits.h"

namespace fathom::cuda {
namespace {

using engine::TopLogits;

static_assert(TopLogits::kMost == kWarpSize);

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarpSize;
constexpr int kSliceLogits = 2048;

/// A token and its logit: larger logits are larger keys, of equal ones lower ids. 0 is no token.
using Key = unsigned long long;

__device__ Key key_of(float logit, int id) {
  return static_cast<Key>(order_of(logit)) << 32 | ~static_cast<uint32_t>(id);
}
__device__ float logit_of(Key key) { return score_of(static_cast<uint32_t>(key >> 32)); }

struct Slice {
  Key keys[kWarpSize];  // the largest, falling
  float highest;
  float sum, tempered_sum;  // relative to it
};

/// A step of a network: of two lanes, one keeps the larger key.
__device__ Key exchange(Key key, int distance, bool keeps_larger) {
  const Key other = __shfl_xor_sync(kFullWarp, key, distance);
  return (other > key) == keeps_larger ? other : key;
}

/// Keys that rise and then fall, or the other way round, a lane each: falling.
__device__ Key sorted_bitonic(Key key, int lane) {
  for (int distance = kWarpSize / 2; distance > 0; distance /= 2)
    key = exchange(key, distance, (lane & distance) == 0);
  return key;
}

__device__ Key sorted(Key key, int lane) {
  for (int size = 2; size < kWarpSize; size *= 2)
    for (int distance = size / 2; distance > 0; distance /= 2)
      key = exchange(key, distance, ((lane & distance) == 0) == ((lane & size) == 0));
  return sorted_bitonic(key, lane);
}

/// The largest of two falling lists, falling.
__device__ Key merged(Key a, Key b, int lane) {
  const Key opposite = __shfl_sync(kFullWarp, b, kWarpSize - 1 - lane);
  return sorted_bitonic(a > opposite ? a : opposite, lane);
}

struct Storage {
  Key keys[kWarps][kWarpSize];  // of each warp; then the first: of all
  float sums[2][kWarps];
};

/// Merges what the block's warps have; all threads may read it in storage.keys[0].
__device__ void merge_warps(Key best, Storage& storage) {
  const int warp = threadIdx.x / kWarpSize, lane = threadIdx.x % kWarpSize;
  storage.keys[warp][lane] = best;
  __syncthreads();
  if (warp == 0) {
    for (int other = 1; other < kWarps; ++other)
      best = merged(best, storage.keys[other][lane], lane);
    storage.keys[0][lane] = best;
  }
  __syncthreads();
}

__global__ void top_slices_kernel(Slice* slices, engine::Tensor logits, const float* temperatures) {
  wait_for_earlier_kernels();
  Storage& storage = shared_storage<Storage>();
  const int row = blockIdx.y, lane = threadIdx.x % kWarpSize;
  const float* x = logits.data + row * logits.stride;
  const int first = blockIdx.x * kSliceLogits + threadIdx.x;
  const int end = min((static_cast<int>(blockIdx.x) + 1) * kSliceLogits, logits.cols);

  Key best = 0;
  for (int i = first; i - lane < end; i += kThreads) {
    const Key key = i < end ? key_of(x[i], i) : 0;
    const Key last = __shfl_sync(kFullWarp, best, kWarpSize - 1);
    if (__ballot_sync(kFullWarp, key > last) != 0) best = merged(best, sorted(key, lane), lane);
  }
  merge_warps(best, storage);

  const float highest = logit_of(storage.keys[0][0]);
  const float temperature = temperatures[row];
  float sum = 0.0f, tempered_sum = 0.0f;
  if (highest != -INFINITY)  // else there is nothing to add, and no difference from it
    for (int i = first; i < end; i += kThreads) {
      sum += expf(x[i] - highest);
      if (temperature > 0.0f) tempered_sum += expf((x[i] - highest) / temperature);
    }
  sum = block_sum<kThreads>(sum, storage.sums[0]);
  tempered_sum = block_sum<kThreads>(tempered_sum, storage.sums[1]);

  Slice& slice = slices[row * gridDim.x + blockIdx.x];
  if (threadIdx.x < kWarpSize) slice.keys[lane] = storage.keys[0][lane];
  if (threadIdx.x != 0) return;
  slice.highest = highest;
  slice.sum = sum;
  slice.tempered_sum = tempered_sum;
}

__global__ void merge_slices_kernel(TopLogits* tops, const Slice* slices, int n_slices,
                                    const float* temperatures, int vocab) {
  wait_for_earlier_kernels();
  Storage& storage = shared_storage<Storage>();
  const int warp = threadIdx.x / kWarpSize, lane = threadIdx.x % kWarpSize;
  slices += blockIdx.x * n_slices;
  Key best = 0;
  for (int i = warp; i < n_slices; i += kWarps) best = merged(best, slices[i].keys[lane], lane);
  merge_warps(best, storage);
  if (warp != 0) return;

  best = storage.keys[0][lane];
  const float temperature = temperatures[blockIdx.x];
  const float highest = logit_of(storage.keys[0][0]);
  float sum = 0.0f, tempered_sum = 0.0f;
  for (int i = lane; i < n_slices; i += kWarpSize) {
    const float below = slices[i].highest - highest;
    sum += slices[i].sum * expf(below);
    if (temperature > 0.0f) tempered_sum += slices[i].tempered_sum * expf(below / temperature);
  }
  sum = warp_sum(sum);
  tempered_sum = warp_sum(tempered_sum);

  TopLogits& top = tops[blockIdx.x];
  top.likeliest[lane] = {static_cast<int32_t>(~static_cast<uint32_t>(best)), logit_of(best)};
  if (lane != 0) return;
  top.temperature = temperature;
  top.n = min(vocab, TopLogits::kMost);
  top.sum = sum;
  top.tempered_sum = tempered_sum;
}

int slices_of(engine::Tensor logits) { return ceil_div(logits.cols, kSliceLogits); }

}  // namespace

size_t top_logits_scratch_bytes(engine::Tensor logits) {
  return sizeof(Slice) * slices_of(logits) * logits.rows;
}

void launch_top_logits(Queue& queue, const TopLogitsTask& task) {
  auto* slices = static_cast<Slice*>(task.scratch);
  const int n_slices = slices_of(task.logits);
  queue.launch({dim3(n_slices, task.logits.rows), dim3(kThreads), sizeof(Storage)},
               top_slices_kernel, slices, task.logits, task.temperatures);
  queue.launch({dim3(task.logits.rows), dim3(kThreads), sizeof(Storage)}, merge_slices_kernel,
               task.tops, slices, n_slices, task.temperatures, task.logits.cols);
}

}  // namespace fathom::cuda
