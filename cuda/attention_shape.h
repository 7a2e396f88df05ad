// How a block of the attention kernel shares its work: attention_kernel.h.

#pragma once

#include "cuda/attention_keys.h"
#include "cuda/attention_stages.h"

namespace fathom::cuda {

/// What a block computes.
struct AttentionWork {
  AttentionTask task;
  int heads_per_tile;  // of a key head
  int rows_per_tile;   // of queries
  int n_head_tiles;    // of a key head
  bool query_pairs;    // queries lie so that two numbers can be read at once
  bool cache_pieces;   // rows of the cache lie so that 16 bytes can be copied at once
  float2* part_sums;   // split: [rows, n_heads, n_key_tiles] m_t, l_t; null: not split
  float* part_values;  // split: [rows, n_heads, n_key_tiles, out.dim] o_t
  int n_key_tiles;     // at most, of any row
};

template <DType kCache_, int kQueryTiles_, int kWidth>
struct AttentionShape {
  static constexpr DType kCache = kCache_;
  static constexpr int kQueryTiles = kQueryTiles_;  // of 16: 1 or 4
  static constexpr int kQueries = 16 * kQueryTiles;
  static constexpr bool kCopies = kCache == DType::bf16;  // the others are converted on the way
  static constexpr int kDims = !kCopies && kQueryTiles == 4 ? 32 : 64;
  static constexpr int kStages = kCopies ? 3 : 1;
  static constexpr int kKeyGroups = 4 / kQueryTiles;  // of keys whose scores a pair of warps has
  static constexpr int kScoreTiles = 8 / kKeyGroups;  // of 8 keys, of a warp
  static constexpr int kOwnColumns = kDims * kQueryTiles / 8;  // of a piece of values, of a warp
  static constexpr int kValueTiles = kOwnColumns / 8;
  static constexpr int kPieces = kWidth / kDims;
  static constexpr int kBlocksPerProcessor =
      (kCopies && kQueryTiles == 1) || (kQueryTiles == 1 && kWidth <= 128) ? 2 : 1;
};

/// 16 queries and a tile of keys.
union WeightTile {
  float odd_scores[kKeyTile / 8 * 4][kWarpSize];        // of odd steps, as fragments
  alignas(16) uint32_t pairs[2][16][kKeyTile / 2 + 4];  // high and low parts
};

template <class S>
struct AttentionStorage {
  Stage<S::kCache, S::kDims> stages[S::kStages];
  WeightTile weights[S::kQueryTiles];
  const std::byte* key_rows[2][kKeyTile];  // of this tile and the next, in turns
  float largest[S::kKeyGroups][S::kQueries];
  float sums[4][S::kQueries];  // of 16 keys each
};

/// The place of a thread in the block.
template <class S>
struct ThreadRole {
  int lane, g, t;    // of a fragment
  int query_tile;    // 16 queries
  int odd;           // 1: odd steps of scores
  int first_key;     // of its scores
  int first_column;  // of its values, in each piece

  __device__ ThreadRole() {
    const int warp = threadIdx.x / kWarpSize;
    lane = threadIdx.x % kWarpSize;
    g = lane / 4;
    t = lane % 4;
    odd = warp % 2;
    query_tile = S::kQueryTiles == 4 ? warp / 2 : 0;
    first_key = S::kQueryTiles == 4 ? 0 : warp / 2 * 16;
    first_column = (S::kQueryTiles == 4 ? warp % 2 : warp) * S::kOwnColumns;
  }
  __device__ bool is_first_of_query() const { return first_column == 0 && t == 0; }
  __device__ int query(int half) const { return 16 * query_tile + g + 8 * half; }
};

}  // namespace fathom::cuda
