// Pools the tokens of each group into one key; the formula is in engine/backend.h.
//
// out f32 [rows, dim]; cache f32. A thread for each column of a row. Bound by memory: rows that end
// no group only write zeros. Sums in f32, tokens in order. Source: DeepSeek-V4's
// inference/model.py, class Compressor.

#include "cuda/device.h"
#include "cuda/ops.h"

namespace fathom::cuda {
namespace {

constexpr int kThreads = 128;

struct PoolTask {
  Tensor out, cache;
  DeviceSequences sequences;
  int size, column, dim, width;
  bool overlaps;
  const float* position_bias;  // [size, width]
};

__global__ void pool_groups_kernel(PoolTask task) {
  wait_for_earlier_kernels();
  const RowPlace place = task.sequences.rows[blockIdx.x];
  const int c = blockIdx.y * kThreads + threadIdx.x;
  if (c >= task.dim) return;
  float* out = task.out.data + place.row * task.out.stride + c;
  const int end = place.position + 1;
  if (end % task.size != 0) {
    *out = 0.0f;
    return;
  }
  const int32_t* slots = task.sequences.slots + place.first_slot;
  const int begin = task.overlaps && end >= 2 * task.size ? end - 2 * task.size : end - task.size;
  // Where a token's number is: the own group shows its last columns if groups overlap.
  const auto column_of = [&](int p) {
    return c + (task.overlaps && p >= end - task.size ? task.dim : 0);
  };
  const auto numbers_of = [&](int p) {
    return task.cache.data + slots[p] * task.cache.stride + task.column;
  };
  const auto gate_of = [&](int p) {
    const int column = column_of(p);
    return numbers_of(p)[task.width + column] +
           task.position_bias[p % task.size * task.width + column];
  };
  float largest = gate_of(begin);
  for (int p = begin + 1; p < end; ++p) largest = fmaxf(largest, gate_of(p));
  float sum = 0.0f, result = 0.0f;
  for (int p = begin; p < end; ++p) {
    const float weight = expf(gate_of(p) - largest);
    sum += weight;
    result = fmaf(weight, numbers_of(p)[column_of(p)], result);
  }
  *out = result / sum;
}

}  // namespace

void launch_pool_groups(Queue& queue, Tensor out, Tensor cache, const DeviceSequences& sequences,
                        const engine::GroupPooling& pooling, const float* position_bias) {
  const PoolTask task = {.out = out,
                         .cache = cache,
                         .sequences = sequences,
                         .size = pooling.size,
                         .column = pooling.column,
                         .dim = pooling.dim,
                         .width = pooling.overlaps ? 2 * pooling.dim : pooling.dim,
                         .overlaps = pooling.overlaps,
                         .position_bias = position_bias};
  queue.launch({dim3(sequences.n_rows, ceil_div(pooling.dim, kThreads)), dim3(kThreads)},
               pool_groups_kernel, task);
}

}  // namespace fathom::cuda
