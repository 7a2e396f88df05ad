// The kernel of attention.h.
//
// For each tile of kKeyTile keys: scores s, their maximum m_t, weights exp(s - m_t), their sum l_t,
// and the weighted sum o_t of values. Tiles are merged in order:
//   m' = max(m, m_t); l' = l exp(m - m') + l_t exp(m_t - m'); o' likewise; out = o / l
//
// A block has 16 or 64 queries: heads that share keys, of one row or of neighbouring rows of a
// text. It goes through all tiles of these rows, or has one of them (split: merge_tiles_kernel then
// does what it does for all). Eight warps share a tile:
//   scores   two have the even and the odd steps of 16 columns; of 16 queries and all keys (64
//            queries), or of all queries and 16 keys
//   values   of 16 queries and half of the columns, or of all queries and an eighth
// Same sums in the same order for both: a query has the same bits in any company. What it does not
// see has weight 0, and a tile of which it sees nothing leaves it as it is.
//
// q f32, cache f32, bf16 or q8_0, sums f32. Numbers that are not bf16 are sums of three that are,
// but weights of two; products of parts below 2^-24 of the largest are left out. Bound by memory
// for few rows, by tensor cores for many (docs/kernels/attention.md). Source: Dao et al. 2023,
// "Flash-Decoding"; DeepSeek-V2, arXiv:2405.04434, section 2.1.

#pragma once

#include <cfloat>

#include "cuda/attention_pieces.h"
#include "cuda/attention_weights.h"

namespace fathom::cuda {

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

__device__ __forceinline__ float merge_number(float old, float added, float old_factor,
                                              float new_factor) {
  return fmaf(old, old_factor, added * new_factor);
}

/// What is divided by at last: the sum of weights, that of the head's sink among them.
__device__ __forceinline__ float whole_sum(const AttentionTask& task, int head, float largest,
                                           float sum) {
  return task.sinks != nullptr ? sum + expf(task.sinks[head] - largest) : sum;
}

template <class S>
using ValueFragments = float[S::kValueTiles][4];

/// The weighted sums of this warp's columns of a piece.
template <class S>
__device__ __forceinline__ void sum_values(ValueFragments<S>& sums,
                                           const Stage<S::kCache, S::kDims>& stage,
                                           const WeightTile& tile, const ThreadRole<S>& role,
                                           int n_keys) {
#pragma unroll
  for (int first_key = 0; first_key < kKeyTile; first_key += 32) {
    if (first_key >= n_keys) break;
    constexpr int kParts = Stage<S::kCache, S::kDims>::kParts;
    uint32_t v[kParts][S::kValueTiles][4];
#pragma unroll
    for (int part = 0; part < kParts; ++part)
#pragma unroll
      for (int i = 0; i < S::kValueTiles; ++i)
        load_transposed(v[part][i],
                        &stage.pairs[part][first_key + role.lane][role.first_column / 2 + 4 * i]);
#pragma unroll
    for (int step = 0; step < 2; ++step) {
      uint32_t weights[2][4];
#pragma unroll
      for (int part = 0; part < 2; ++part)
        load_matrices(
            weights[part],
            &tile.pairs[part][role.lane % 16][first_key / 2 + 8 * step + role.lane / 16 * 4]);
#pragma unroll
      for (int order = kParts > 1 ? 2 : 1; order >= 0; --order)
#pragma unroll
        for (int part = order == 2 ? 1 : 0; part <= order && part < kParts; ++part)
#pragma unroll
          for (int i = 0; i < S::kValueTiles; ++i)
            mma_bf16(sums[i], weights[order - part], v[part][i][2 * step],
                     v[part][i][2 * step + 1]);
    }
  }
}

/// Asks for the numbers of a key, and of its value if that lies elsewhere.
template <DType kCache>
__device__ __forceinline__ void prefetch_key(const AttentionTask& task, const std::byte* row) {
  constexpr int kLine = 128;
  const int kv = blockIdx.y * task.n_kv_heads / gridDim.y;
  const int key_dim = task.q.dim + task.q_pe.dim, dim = task.out.dim;
  const int keys = bytes_to<kCache>(kv * key_dim);
  for (int at = keys; at < keys + bytes_to<kCache>(key_dim); at += kLine) prefetch(row + at);
  if (task.value_column < task.n_kv_heads * key_dim) return;
  const int values = bytes_to<kCache>(task.value_column + kv * dim);
  for (int at = values; at < values + bytes_to<kCache>(dim); at += kLine) prefetch(row + at);
}

template <class S>
using OwnValues = float[S::kPieces][S::kValueTiles][4];

/// Calls visit(query half, column, number) for this thread's numbers.
template <class S, class Visit>
__device__ __forceinline__ void for_each_number(const OwnValues<S>& o, const ThreadRole<S>& role,
                                                int dim, const Visit& visit) {
#pragma unroll
  for (int piece = 0; piece < S::kPieces; ++piece)
#pragma unroll
    for (int i = 0; i < S::kValueTiles * 4; ++i) {
      const int column = piece * S::kDims + role.first_column + i / 4 * 8 + 2 * role.t + i % 2;
      if (column < dim) visit(i % 4 / 2, column, o[piece][i / 4][i % 4]);
    }
}

template <class S>
__device__ __forceinline__ void attend(AttentionStorage<S>& storage, const AttentionWork& work,
                                       const RowRun& run) {
  const AttentionTask& task = work.task;
  const bool is_split = work.part_sums != nullptr;
  const int first_tile = is_split ? blockIdx.z : 0;
  const int end_tile = is_split ? min(first_tile + 1, run.keys.n_tiles()) : run.keys.n_tiles();
  if (first_tile >= end_tile) return;  // the whole block

  const ThreadRole<S> role;
  const Query queries[2] = {query_at(task, find_query(work, run, role.query(0))),
                            query_at(task, find_query(work, run, role.query(1)))};

  // The rows of a tile are looked up while the one before the tile before is computed.
  const int key = threadIdx.x;
  const auto look_up = [&](int tile) {
    return key < kKeyTile && tile < end_tile
               ? find_key<S::kCache>(task, run.keys, run.last, run.keys.tile(tile), key)
               : nullptr;
  };
  const auto keep = [&](int tile, const std::byte* row) {
    if (key >= kKeyTile) return;
    storage.key_rows[tile % 2][key] = row;
    // A block of one row has few others beside it: what it reads first is far away.
    if (S::kQueryTiles == 1 && row != nullptr) prefetch_key<S::kCache>(task, row);
  };
  const std::byte* row = look_up(first_tile);
  __syncthreads();  // the run before is done with
  keep(first_tile, row);
  row = look_up(first_tile + 1);
  __syncthreads();
  TilePieces<S> pieces(storage, work, first_tile, end_tile);
  pieces.start();

  const int key_dim = task.q.dim + task.q_pe.dim;
  OwnValues<S> o = {};
  float largest[2] = {-FLT_MAX, -FLT_MAX}, sum[2] = {};
  for (int index = first_tile; index < end_tile; ++index) {
    keep(index + 1, row);
    row = look_up(index + 2);
    const KeyTile tile = run.keys.tile(index);
    const int n_keys = run.keys.visible(tile).y;

    ScoreFragments<S> scores = {};
    for (int piece = 0; piece * S::kDims < key_dim; ++piece) {
      // Before waiting, where there are registers for them.
      QueryNumbers<S> x;
      if constexpr (S::kQueryTiles == 1) load_queries<S>(x, work, queries, role, piece * S::kDims);
      const auto& stage = pieces.take();
      if constexpr (S::kQueryTiles > 1) load_queries<S>(x, work, queries, role, piece * S::kDims);
      add_scores<S>(scores, x, stage, role, key_dim - piece * S::kDims, n_keys);
    }
    const int2 visible[2] = {keys_of_row(task.keys, queries[0].position).visible(tile),
                             keys_of_row(task.keys, queries[1].position).visible(tile)};
    const TileSums tile_sums = weigh_keys<S>(storage, scores, task.scale, visible, role);

    // A tile of which a query sees nothing adds -0, which changes no number.
    float old_factor[2] = {1.0f, 1.0f}, new_factor[2] = {-0.0f, -0.0f};
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      if (visible[half].x >= visible[half].y) continue;
      const Merged merged =
          merge(largest[half], sum[half], tile_sums.largest[half], tile_sums.sum[half]);
      largest[half] = merged.largest;
      sum[half] = merged.sum;
      old_factor[half] = merged.old_factor;
      new_factor[half] = merged.new_factor;
    }
#pragma unroll
    for (int piece = 0; piece < S::kPieces; ++piece) {
      if (piece * S::kDims >= task.out.dim) break;
      ValueFragments<S> values = {};
      sum_values<S>(values, pieces.take(), storage.weights[role.query_tile], role, n_keys);
#pragma unroll
      for (int i = 0; i < S::kValueTiles * 4; ++i) {
        float& number = o[piece][i / 4][i % 4];
        const int half = i % 4 / 2;
        number = merge_number(number, values[i / 4][i % 4], old_factor[half], new_factor[half]);
      }
    }
  }

  float* out[2] = {};
  float divisor[2] = {1.0f, 1.0f};
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const QueryPlace query = find_query(work, run, role.query(half));
    if (!query.is_there) continue;
    const RowPlace place = task.sequences.rows[query.place];
    if (!is_split) {
      out[half] = task.out.data + place.row * task.out.row_stride +
                  static_cast<int64_t>(query.head) * task.out.head_stride;
      divisor[half] = whole_sum(task, query.head, largest[half], sum[half]);
      continue;
    }
    const KeyTile tile = run.keys.tile(first_tile);
    const RowKeys keys = keys_of_row(task.keys, place.position);
    const int2 visible = keys.visible(tile);
    if (visible.x >= visible.y) continue;
    const int64_t part =
        (static_cast<int64_t>(query.place) * task.q.n_heads + query.head) * work.n_key_tiles +
        keys.index_of(tile);
    out[half] = work.part_values + part * task.out.dim;
    if (role.is_first_of_query()) work.part_sums[part] = {largest[half], sum[half]};
  }
  for_each_number<S>(o, role, task.out.dim, [&](int half, int column, float number) {
    if (out[half] != nullptr) out[half][column] = number / divisor[half];
  });
}

template <class S>
__global__ void __launch_bounds__(kAttentionThreads, S::kBlocksPerProcessor)
    attention_kernel(AttentionWork work) {
  wait_for_earlier_kernels();
  auto& storage = shared_storage<AttentionStorage<S>>();
  // The last rows of a text see most keys: they begin first.
  const int tile = gridDim.x - 1 - blockIdx.x;
  const int end = min((tile + 1) * work.rows_per_tile, work.task.sequences.n_rows);
  for (int first = tile * work.rows_per_tile; first < end;) {
    const RowRun run = find_run(work.task, first, end);
    attend<S>(storage, work, run);
    first += run.n;
  }
}

}  // namespace fathom::cuda
