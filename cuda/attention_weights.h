// Scores of a tile of keys, and what they weigh: the first half of attention_kernel.h.

#pragma once

#include "cuda/attention_queries.h"

namespace fathom::cuda {

template <class S>
using ScoreFragments = float[S::kScoreTiles][4];

/// Adds the products of this warp's columns of a piece, `n_columns` in all. Those of a step are
/// added up by themselves, the smallest first: tensor cores cut off what is small beside their sum.
template <class S>
__device__ __forceinline__ void add_scores(ScoreFragments<S>& scores, const QueryNumbers<S>& x,
                                           const Stage<S::kCache, S::kDims>& stage,
                                           const ThreadRole<S>& role, int n_columns, int n_keys) {
  constexpr int kTiles = S::kScoreTiles < 4 ? S::kScoreTiles : 4;  // at a time
#pragma unroll
  for (int step = 0; step < S::kDims / 32; ++step) {
    const int column = 32 * step + 16 * role.odd;
    if (column >= n_columns) break;
    uint32_t q[3][4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      float2 rest = x[step][i];
#pragma unroll
      for (int part = 0; part < 3; ++part) q[part][i] = take_bf16(rest);
    }
#pragma unroll
    for (int first_tile = 0; first_tile < S::kScoreTiles; first_tile += kTiles) {
      const int first_key = role.first_key + 8 * first_tile;
      if (first_key >= n_keys) break;
      constexpr int kParts = Stage<S::kCache, S::kDims>::kParts;
      uint32_t k[kParts][kTiles / 2][4];
#pragma unroll
      for (int part = 0; part < kParts; ++part)
#pragma unroll
        for (int i = 0; i < kTiles / 2; ++i)
          load_matrices(k[part][i],
                        &stage.pairs[part][first_key + 16 * i + role.lane / 16 * 8 + role.lane % 8]
                                    [column / 2 + role.lane / 8 % 2 * 4]);
      float c[kTiles][4] = {};
#pragma unroll
      for (int order = 2; order >= 0; --order)  // parts order and 0, ..., 0 and order
#pragma unroll
        for (int part = 0; part <= order && part < kParts; ++part)
#pragma unroll
          for (int i = 0; i < kTiles; ++i)
            mma_bf16(c[i], q[order - part], k[part][i / 2][i % 2 * 2],
                     k[part][i / 2][i % 2 * 2 + 1]);
#pragma unroll
      for (int i = 0; i < 4 * kTiles; ++i) scores[first_tile + i / 4][i % 4] += c[i / 4][i % 4];
    }
  }
}

__device__ __forceinline__ float quad_sum(float x) {
  x += __shfl_xor_sync(kFullWarp, x, 1);
  return x + __shfl_xor_sync(kFullWarp, x, 2);
}
__device__ __forceinline__ float quad_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(kFullWarp, x, 1));
  return fmaxf(x, __shfl_xor_sync(kFullWarp, x, 2));
}

/// The tile's m_t and l_t of this thread's two queries.
struct TileSums {
  float largest[2], sum[2];
};

/// Scores of even and odd steps become weights in shared memory.
template <class S>
__device__ __forceinline__ TileSums weigh_keys(AttentionStorage<S>& storage,
                                               ScoreFragments<S>& scores, float scale,
                                               const int2 (&visible)[2],
                                               const ThreadRole<S>& role) {
  WeightTile& tile = storage.weights[role.query_tile];
  const int first_fragment = role.first_key / 8 * 4;
  if (role.odd == 1) {
#pragma unroll
    for (int i = 0; i < 4 * S::kScoreTiles; ++i)
      tile.odd_scores[first_fragment + i][role.lane] = scores[i / 4][i % 4];
  }
  __syncthreads();
  const int key_group = role.first_key / 16;  // 0 for 64 queries
  if (role.odd == 0) {
    float largest[2] = {-INFINITY, -INFINITY};
#pragma unroll
    for (int i = 0; i < 4 * S::kScoreTiles; ++i) {
      const int half = i % 4 / 2, key = role.first_key + i / 4 * 8 + 2 * role.t + i % 2;
      const bool is_visible = key >= visible[half].x && key < visible[half].y;
      float& score = scores[i / 4][i % 4];
      score =
          is_visible ? (score + tile.odd_scores[first_fragment + i][role.lane]) * scale : -INFINITY;
      largest[half] = fmaxf(largest[half], score);
    }
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      largest[half] = quad_max(largest[half]);
      if (role.t == 0) storage.largest[key_group][role.query(half)] = largest[half];
    }
  }
  __syncthreads();
  TileSums sums;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    float largest = storage.largest[0][role.query(half)];
#pragma unroll
    for (int i = 1; i < S::kKeyGroups; ++i)
      largest = fmaxf(largest, storage.largest[i][role.query(half)]);
    sums.largest[half] = largest;
  }
  if (role.odd == 0) {
#pragma unroll
    for (int keys = 0; keys < S::kScoreTiles; ++keys)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float &x = scores[keys][2 * half], &y = scores[keys][2 * half + 1];
        const bool is_blind = sums.largest[half] == -INFINITY;
        x = is_blind ? 0.0f : expf(x - sums.largest[half]);
        y = is_blind ? 0.0f : expf(y - sums.largest[half]);
        float2 rest = {x, y};
        const int pair = role.first_key / 2 + 4 * keys + role.t, row = role.g + 8 * half;
        tile.pairs[0][row][pair] = take_bf16(rest);
        tile.pairs[1][row][pair] = take_bf16(rest);
        x -= rest.x;  // what values are multiplied with is divided by, so that errors cancel
        y -= rest.y;
      }
#pragma unroll
    for (int keys = 0; keys < S::kScoreTiles; keys += 2)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const float sum = quad_sum((scores[keys][2 * half] + scores[keys][2 * half + 1]) +
                                   (scores[keys + 1][2 * half] + scores[keys + 1][2 * half + 1]));
        if (role.t == 0) storage.sums[role.first_key / 16 + keys / 2][role.query(half)] = sum;
      }
  }
  __syncthreads();
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    sums.sum[half] = 0.0f;
#pragma unroll
    for (int i = 0; i < 4; ++i) sums.sum[half] += storage.sums[i][role.query(half)];
  }
  return sums;
}

}  // namespace fathom::cuda
