// Keys and values on their way from the cache to the tensor cores: pieces of a tile's rows, `kDims`
// columns wide, in shared memory.
//
// Numbers are bf16: those of a bf16 cache as they are, others as sums of them, of three for keys
// (exact) and of two for values (relative error 2^-17). Rows are 16 bytes longer than their
// numbers, so that the eight rows that ldmatrix reads at once meet different banks.

#pragma once

#include "cuda/cache_numbers.h"
#include "cuda/device.h"

namespace fathom::cuda {

inline constexpr int kAttentionThreads = 256;

/// Two numbers, or what is left of them, as bf16: takes them away.
__device__ __forceinline__ uint32_t take_bf16(float2& x) {
  const uint32_t pair = to_bf16x2(x.x, x.y);
  x.x -= low_bf16(pair);
  x.y -= high_bf16(pair);
  return pair;
}

template <DType kCache, int kDims>
struct Stage {
  static constexpr int kParts = kCache == DType::bf16 ? 1 : 3;  // the largest first
  alignas(16) uint32_t pairs[kParts][kKeyTile][kDims / 2 + 4];
};

/// Columns of the rows of a tile.
struct TileColumns {
  const std::byte* const* rows;  // [kKeyTile] in shared memory; null: zeros
  int begin, n;                  // zeros from begin + n on
};

/// Copies behind the threads' backs; columns and strides are multiples of 8 numbers.
template <int kDims>
__device__ __forceinline__ void copy_columns(Stage<DType::bf16, kDims>& stage,
                                             const TileColumns& from, const std::byte* anything) {
  constexpr int kPieces = kDims / 8;
#pragma unroll
  for (int k = 0; k < kKeyTile * kPieces / kAttentionThreads; ++k) {
    const int i = threadIdx.x + k * kAttentionThreads;
    const int key = i / kPieces, column = i % kPieces * 8;
    const std::byte* row = from.rows[key];
    const bool is_valid = row != nullptr && column < from.n;
    copy_async_16(&stage.pairs[0][key][column / 2],
                  is_valid ? row + (from.begin + column) * sizeof(uint16_t) : anything, is_valid);
  }
}

/// Numbers of a row, two columns from `column` on.
template <DType kCache>
__device__ __forceinline__ float2 column_pair(const TileColumns& from, int key, int column) {
  const std::byte* row = from.rows[key];
  const auto number = [&](int at) {
    return row != nullptr && at < from.n ? cache_number<kCache>(row, from.begin + at) : 0.0f;
  };
  return {number(column), number(column + 1)};
}

/// Whatever columns and strides are. No longer than it has to be: nobody has such a cache but
/// tests.
template <int kDims>
__device__ __forceinline__ void copy_any_columns(Stage<DType::bf16, kDims>& stage,
                                                 const TileColumns& from) {
#pragma unroll 1
  for (int i = threadIdx.x; i < kKeyTile * kDims / 2; i += kAttentionThreads) {
    const int key = i / (kDims / 2), pair = i % (kDims / 2);
    const float2 numbers = column_pair<DType::bf16>(from, key, 2 * pair);
    stage.pairs[0][key][pair] = to_bf16x2(numbers.x, numbers.y);
  }
}

/// A thread's numbers of a stage between fetching and storing.
template <int kDims>
struct FetchedColumns {
  static constexpr int kPairs = kKeyTile * kDims / 2 / kAttentionThreads;
  float2 pairs[kPairs];
};

template <DType kCache, int kDims>
__device__ __forceinline__ void fetch_columns(FetchedColumns<kDims>& fetched,
                                              const TileColumns& from) {
#pragma unroll
  for (int k = 0; k < FetchedColumns<kDims>::kPairs; ++k) {
    const int i = threadIdx.x + k * kAttentionThreads;
    fetched.pairs[k] = column_pair<kCache>(from, i / (kDims / 2), i % (kDims / 2) * 2);
  }
}

template <DType kCache, int kDims>
__device__ __forceinline__ void store_columns(Stage<kCache, kDims>& stage,
                                              const FetchedColumns<kDims>& fetched) {
#pragma unroll
  for (int k = 0; k < FetchedColumns<kDims>::kPairs; ++k) {
    const int i = threadIdx.x + k * kAttentionThreads;
    float2 rest = fetched.pairs[k];
#pragma unroll
    for (int part = 0; part < Stage<kCache, kDims>::kParts; ++part)
      stage.pairs[part][i / (kDims / 2)][i % (kDims / 2)] = take_bf16(rest);
  }
}

}  // namespace fathom::cuda
