// Attention of both kinds: GQA over [k | v] rows, and absorbed MLA over [c | k_pe] rows, where c is
// also the value and all heads share one row.
//
// Positions are cut into chunks of kAttentionChunk. The sums of a chunk (kernels/attend.h) are
// relative to its own largest score; chunks are merged in their order. Who computes which chunk
// does therefore not matter: with many rows a thread walks through all chunks of a tile of rows and
// heads; with few rows, as in decode, the chunks themselves are shared among the threads.

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/assert.h"
#include "engine/cpu/attention_tile.h"
#include "engine/cpu/cpu_backend.h"

namespace fathom::engine::cpu {
namespace {

/// Queries (rows times heads) that read a chunk of keys together.
constexpr int kTileQueries = 64;
/// With fewer tiles than this for each thread, chunks are shared.
constexpr int kTilesPerThread = 4;
/// From this many queries on, keys and values of a head are first copied next to each other: rows
/// of several heads lie a power of two apart and would fight for the same few lines of the caches.
constexpr int kMinQueriesToCopy = 8;

int n_chunks(int n_positions) { return (n_positions + kAttentionChunk - 1) / kAttentionChunk; }

int n_chunks(const AttentionTile& tile) { return n_chunks(static_cast<int>(tile.slots.size())); }

void append_tiles(std::vector<AttentionTile>& tiles, const AttentionShape& shape,
                  const SequenceRows& sequence) {
  const int group = shape.q.n_heads / shape.n_kv_heads;
  const int max_heads = std::min(group, kTileQueries);
  const int max_rows = std::max(1, kTileQueries / group);
  const size_t n_before = sequence.slots.size() - sequence.n_rows;
  for (int row = 0; row < sequence.n_rows; row += max_rows) {
    AttentionTile tile;
    tile.first_row = sequence.first_row + row;
    tile.n_rows = std::min(max_rows, sequence.n_rows - row);
    tile.slots = sequence.slots.first(n_before + row + tile.n_rows);
    for (tile.kv_head = 0; tile.kv_head < shape.n_kv_heads; ++tile.kv_head) {
      for (int head = 0; head < group; head += max_heads) {
        tile.first_head = tile.kv_head * group + head;
        tile.n_heads = std::min(max_heads, group - head);
        tiles.push_back(tile);
      }
    }
  }
}

/// Room for one tile: what a thread needs while it works on a chunk.
struct TileScratch {
  float* q;       // [kTileQueries, q_dim]
  float* scores;  // [kTileQueries, kAttentionChunk]
  float* cache;   // [kAttentionChunk, q_dim + v_dim]
  AttentionSums chunk, total;

  static int64_t size(const AttentionShape& shape) {
    const int64_t for_queries = shape.q_dim() + kAttentionChunk + 2 * (shape.v_dim() + 2);
    const int64_t for_keys = shape.q_dim() + shape.v_dim();
    return kTileQueries * for_queries + kAttentionChunk * for_keys;
  }
  TileScratch(float* floats, const AttentionShape& shape) {
    const auto take = [&](int64_t n) { return std::exchange(floats, floats + kTileQueries * n); };
    q = take(shape.q_dim());
    scores = take(kAttentionChunk);
    cache = take(kAttentionChunk / kTileQueries * (shape.q_dim() + shape.v_dim()));
    chunk = {take(shape.v_dim()), take(1), take(1)};
    total = {take(shape.v_dim()), take(1), take(1)};
  }
};

void pack_queries(float* out, const AttentionShape& shape, const AttentionTile& tile) {
  for (int query = 0; query < tile.n_queries(); ++query) {
    const int row = tile.first_row + query / tile.n_heads;
    const int head = tile.first_head + query % tile.n_heads;
    const float* q = shape.q.at(row, head);
    for (int i = 0; i < shape.q.dim; ++i) *out++ = q[i] * shape.scale;
    if (shape.q_pe.dim == 0) continue;
    const float* q_pe = shape.q_pe.at(row, head);
    for (int i = 0; i < shape.q_pe.dim; ++i) *out++ = q_pe[i] * shape.scale;
  }
}

CacheType cache_type(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return CacheType::f32;
    case DType::bf16:
      return CacheType::bf16;
    default:
      FATHOM_ASSERT(dtype == DType::q8_0);
      return CacheType::q8_0;
  }
}

/// Points the task at copies, as f32, of the keys and values that it would read.
void copy_cache(const Kernels& kernels, CacheType type, AttentionTask& task, float* out,
                int n_keys) {
  static constexpr auto kInOrder = [] {
    std::array<int32_t, kAttentionChunk> slots{};
    for (int i = 0; i < kAttentionChunk; ++i) slots[i] = i;
    return slots;
  }();
  const auto widen = kernels.widen[static_cast<int>(type)];
  const int64_t stride = int64_t{task.q_dim} + task.v_dim;
  for (int key = 0; key < n_keys; ++key) {
    const uint8_t* row = task.cache + task.slots[key] * task.cache_stride;
    widen(out + key * stride, row, task.key_column, task.q_dim);
    widen(out + key * stride + task.q_dim, row, task.value_column, task.v_dim);
  }
  task.cache = reinterpret_cast<const uint8_t*>(out);
  task.cache_stride = stride * int64_t{sizeof(float)};
  task.key_column = 0;
  task.value_column = task.q_dim;
  task.slots = kInOrder.data();
}

/// Sums of the tile's queries (packed in scratch.q) over one chunk. A query that sees nothing of
/// the chunk leaves its sums as they are.
void attend_chunk(const Kernels& kernels, const AttentionShape& shape, const AttentionTile& tile,
                  int chunk, const TileScratch& scratch, const AttentionSums& sums) {
  const int first_position = chunk * kAttentionChunk;
  int32_t n_keys[kTileQueries];
  for (int query = 0; query < tile.n_queries(); ++query) {
    const int n_visible = tile.n_visible(query / tile.n_heads);
    n_keys[query] = std::clamp(n_visible - first_position, 0, kAttentionChunk);
  }
  AttentionTask task = {
      .q = scratch.q,
      .n_queries = tile.n_queries(),
      .q_dim = shape.q_dim(),
      .v_dim = shape.v_dim(),
      .cache = reinterpret_cast<const uint8_t*>(shape.cache.data),
      .cache_stride = shape.cache.stride,
      .key_column = int64_t{tile.kv_head} * shape.q_dim(),
      .value_column = shape.value_column + int64_t{tile.kv_head} * shape.v_dim(),
      .slots = tile.slots.data() + first_position,
      .n_keys = n_keys,
      .scores = scratch.scores,
      .out = sums.out,
      .largest = sums.largest,
      .sum = sums.sum,
  };
  CacheType type = cache_type(shape.cache.dtype);
  if (shape.n_kv_heads > 1 && tile.n_queries() >= kMinQueriesToCopy) {
    copy_cache(kernels, type, task, scratch.cache, n_keys[tile.n_queries() - 1]);
    type = CacheType::f32;
  }
  kernels.attend[static_cast<int>(type)](task);
}

/// Adds the sums of the next chunk to those so far; both of one query.
void merge(const Kernels& kernels, const AttentionSums& total, const AttentionSums& next,
           int v_dim) {
  const float largest = std::max(*total.largest, *next.largest);
  float factors[2] = {*total.largest - largest, *next.largest - largest};
  kernels.exp(factors, factors, 2);
  for (int i = 0; i < v_dim; ++i) {
    total.out[i] = total.out[i] * factors[0] + next.out[i] * factors[1];
  }
  *total.sum = *total.sum * factors[0] + *next.sum * factors[1];
  *total.largest = largest;
}

void write_out(const AttentionShape& shape, const AttentionTile& tile, int query,
               const AttentionSums& total) {
  float* out =
      shape.out.at(tile.first_row + query / tile.n_heads, tile.first_head + query % tile.n_heads);
  const float factor = 1.0f / *total.sum;
  for (int i = 0; i < shape.v_dim(); ++i) out[i] = total.out[i] * factor;
}

}  // namespace

void CpuBackend::attend_by_tile(const AttentionShape& shape) {
  const int64_t n_tiles = static_cast<int64_t>(tiles_.size());
  const int64_t scratch_size = TileScratch::size(shape);
  float* floats = attention_floats_.reserve(n_threads() * scratch_size);
  pool().parallel_for(n_tiles, 1, [&](int64_t begin, int64_t end, int thread) {
    const TileScratch scratch(floats + thread * scratch_size, shape);
    for (int64_t i = begin; i < end; ++i) {
      // Late rows see more positions: early and late ones alternate, so that every thread gets the
      // same share.
      const AttentionTile& tile = tiles_[i % 2 == 0 ? i / 2 : n_tiles - 1 - i / 2];
      pack_queries(scratch.q, shape, tile);
      for (int chunk = 0; chunk < n_chunks(tile); ++chunk) {
        const AttentionSums& sums = chunk == 0 ? scratch.total : scratch.chunk;
        attend_chunk(kernels_, shape, tile, chunk, scratch, sums);
        if (chunk == 0) continue;
        for (int query = 0; query < tile.n_queries(); ++query) {
          if (chunk >= n_chunks(tile.n_visible(query / tile.n_heads))) continue;
          merge(kernels_, scratch.total.from(query, shape.v_dim()),
                scratch.chunk.from(query, shape.v_dim()), shape.v_dim());
        }
      }
      for (int query = 0; query < tile.n_queries(); ++query) {
        write_out(shape, tile, query, scratch.total.from(query, shape.v_dim()));
      }
    }
  });
}

void CpuBackend::attend_by_chunk(const AttentionShape& shape) {
  const int64_t n_tiles = static_cast<int64_t>(tiles_.size());
  int64_t n_partials = 0;
  int64_t n_possible_partials = 0;  // with every row of the cache: nothing grows in mid-sequence
  int max_chunks = 0;
  for (AttentionTile& tile : tiles_) {
    tile.first_partial = n_partials;
    n_partials += int64_t{n_chunks(tile)} * tile.n_queries();
    n_possible_partials += int64_t{n_chunks(shape.cache.rows)} * tile.n_queries();
    max_chunks = std::max(max_chunks, n_chunks(tile));
  }
  const int64_t scratch_size = TileScratch::size(shape);
  const int v_dim = shape.v_dim();
  float* floats =
      attention_floats_.reserve(n_threads() * scratch_size + n_possible_partials * (v_dim + 2));
  AttentionSums partials;
  partials.out = floats + n_threads() * scratch_size;
  partials.largest = partials.out + n_partials * v_dim;
  partials.sum = partials.largest + n_partials;

  const int64_t n_products = n_partials * kAttentionChunk * (shape.q_dim() + v_dim);
  share(n_tiles * max_chunks, n_products / 16, [&](int64_t begin, int64_t end, int thread) {
    const TileScratch scratch(floats + thread * scratch_size, shape);
    for (int64_t i = begin; i < end; ++i) {
      // The tiles of one chunk follow each other: their heads share cache rows.
      const AttentionTile& tile = tiles_[i % n_tiles];
      const int chunk = static_cast<int>(i / n_tiles);
      if (chunk >= n_chunks(tile)) continue;
      pack_queries(scratch.q, shape, tile);
      const int64_t first = tile.first_partial + int64_t{chunk} * tile.n_queries();
      attend_chunk(kernels_, shape, tile, chunk, scratch, partials.from(first, v_dim));
    }
  });

  share(n_tiles, n_partials * v_dim / 4, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const AttentionTile& tile = tiles_[i];
      for (int query = 0; query < tile.n_queries(); ++query) {
        const AttentionSums total = partials.from(tile.first_partial + query, v_dim);
        const int n_query_chunks = n_chunks(tile.n_visible(query / tile.n_heads));
        for (int chunk = 1; chunk < n_query_chunks; ++chunk) {
          const int64_t next = tile.first_partial + int64_t{chunk} * tile.n_queries() + query;
          merge(kernels_, total, partials.from(next, v_dim), v_dim);
        }
        write_out(shape, tile, query, total);
      }
    }
  });
}

void CpuBackend::run_attention(const AttentionShape& shape,
                               std::span<const SequenceRows> sequences) {
  tiles_.clear();
  for (const SequenceRows& sequence : sequences) {
    FATHOM_ASSERT(sequence.n_rows <= static_cast<int>(sequence.slots.size()));
    FATHOM_ASSERT(sequence.first_row >= 0 && sequence.first_row + sequence.n_rows <= shape.q.rows);
    for (const SlotId slot : sequence.slots) FATHOM_ASSERT(slot >= 0 && slot < shape.cache.rows);
    append_tiles(tiles_, shape, sequence);
  }
  if (static_cast<int>(tiles_.size()) < kTilesPerThread * n_threads()) {
    attend_by_chunk(shape);
  } else {
    attend_by_tile(shape);
  }
}

void CpuBackend::attention(Heads out, Heads q, CacheRows cache,
                           std::span<const SequenceRows> sequences, int n_kv_heads, float scale) {
  FATHOM_ASSERT(q.n_heads % n_kv_heads == 0 && out.n_heads == q.n_heads && out.dim == q.dim);
  FATHOM_ASSERT(cache.cols == 2 * n_kv_heads * q.dim && out.rows == q.rows);
  run_attention({.out = out,
                 .q = q,
                 .q_pe = {},
                 .cache = cache,
                 .n_kv_heads = n_kv_heads,
                 .value_column = n_kv_heads * q.dim,
                 .scale = scale},
                sequences);
}

void CpuBackend::latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                                  std::span<const SequenceRows> sequences, float scale) {
  FATHOM_ASSERT(q_latent.n_heads == q_pe.n_heads && q_latent.rows == q_pe.rows);
  FATHOM_ASSERT(out.n_heads == q_latent.n_heads && out.dim == q_latent.dim);
  FATHOM_ASSERT(cache.cols == q_latent.dim + q_pe.dim && out.rows == q_latent.rows);
  run_attention({.out = out,
                 .q = q_latent,
                 .q_pe = q_pe,
                 .cache = cache,
                 .n_kv_heads = 1,
                 .value_column = 0,
                 .scale = scale},
                sequences);
}

}  // namespace fathom::engine::cpu
