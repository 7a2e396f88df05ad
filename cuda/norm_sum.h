// The sum of squares of a row, by a block.

#pragma once

#include "cuda/device.h"

namespace fathom::cuda {

inline constexpr int kNormThreads = 256;

struct alignas(16) NormStorage {
  float sums[kNormThreads / kWarpSize];
};

/// Calls `with` for the numbers of a row that belong to this thread: four neighbours at a time.
template <class With>
__device__ __forceinline__ void for_own_numbers(int cols, With&& with) {
  for (int first = 4 * threadIdx.x; first < cols; first += 4 * kNormThreads)
    for (int i = first; i < min(first + 4, cols); ++i) with(i);
}

/// 1 / sqrt(mean(x^2) + eps) of a row, the same bits in all threads. Sum in f32: each thread its
/// own numbers in order, then in a tree.
__device__ __forceinline__ float norm_scale(const float* x, int cols, float eps,
                                            NormStorage& storage) {
  float sum = 0.0f;
  for_own_numbers(cols, [&](int i) { sum = fmaf(x[i], x[i], sum); });
  sum = block_sum<kNormThreads>(sum, storage.sums);
  return 1.0f / sqrtf(sum / static_cast<float>(cols) + eps);
}

}  // namespace fathom::cuda
