// Attention of some queries over one chunk of keys (AttentionTask).
//
//   s[p] = q . k[p]    m = max s    out = sum over p of exp(s[p] - m) v[p]    sum = sum of exp
//
// 2 * n_keys * (q_dim + v_dim) FLOPs a query; keys and values come from L2 or memory once for four
// queries. Scores are summed in 16 lanes over the columns and then across lanes; values are summed
// in the order of the positions. All f32: what the cache keeps is widened where it is read.

#pragma once

#include "engine/cpu/kernels/exp.h"
#include "engine/cpu/kernels/kernels.h"
#include "engine/cpu/kernels/simd.h"
#include "engine/cpu/quant_block.h"

namespace fathom::engine::cpu::FATHOM_ISA {

/// With one query, as in decode with heads of their own, nothing hides the time that keys and
/// values take on their way from memory: they are asked for this many positions ahead. The rows lie
/// a power of two apart, so that the L1 cache would hold only a few of them.
constexpr int kPrefetchKeys = 16;

// Rows of the cache by type: where a column is, in bytes, and 16 numbers from there on, or the
// first n < 16 of them and zeros.

struct RowF32 {
  static int64_t offset(int64_t column) { return 4 * column; }
  static Wide load(const uint8_t* p, int i) { return wide_load(numbers(p) + i); }
  static Wide load_first(const uint8_t* p, int i, int n) {
    return wide_load_first(numbers(p) + i, n);
  }
  static const float* numbers(const uint8_t* p) { return reinterpret_cast<const float*>(p); }
};

struct RowBf16 {
  static int64_t offset(int64_t column) { return 2 * column; }
  static Wide load(const uint8_t* p, int i) { return wide_load_bf16(numbers(p) + i); }
  static Wide load_first(const uint8_t* p, int i, int n) {
    uint16_t first[16] = {};
    __builtin_memcpy(first, numbers(p) + i, n * sizeof(uint16_t));
    return wide_load_bf16(first);
  }
  static const uint16_t* numbers(const uint8_t* p) { return reinterpret_cast<const uint16_t*>(p); }
};

/// Blocks of an f16 scale and 32 numbers of 8 bits; columns begin and end with blocks.
struct RowQ8 {
  static constexpr int kBlockBytes = 34;
  static int64_t offset(int64_t column) { return column / kQuantBlock * kBlockBytes; }
  static Wide load(const uint8_t* p, int i) {
    const uint8_t* block = p + i / kQuantBlock * kBlockBytes;
    uint16_t scale;
    __builtin_memcpy(&scale, block, sizeof scale);
    return mul(wide_broadcast(_cvtsh_ss(scale)), wide_load_i8(block + 2 + i % kQuantBlock));
  }
  static Wide load_first(const uint8_t* p, int i, int) { return load(p, i); }
};

inline void prefetch_row(const uint8_t* row, int64_t n_bytes) {
  for (int64_t i = 0; i < n_bytes; i += 64) __builtin_prefetch(row + i, 0, 2);
}

template <class Row>
inline void widen(float* out, const uint8_t* row, int64_t column, int n) {
  const uint8_t* p = row + Row::offset(column);
  int i = 0;
  for (; i + 16 <= n; i += 16) wide_store(out + i, Row::load(p, i));
  if (i < n) wide_store_first(out + i, Row::load_first(p, i, n - i), n - i);
}

/// Scores of kQueries queries for kKeys keys: 16 sums at once.
template <class Row, int kQueries, int kKeys>
inline void score_tile(const AttentionTask& task, int query, int key, int n_keys) {
  static_assert(kQueries * kKeys == 16);
  const float* q[kQueries];
  const uint8_t* k[kKeys];
  for (int i = 0; i < kQueries; ++i) q[i] = task.q + int64_t{query + i} * task.q_dim;
  for (int j = 0; j < kKeys; ++j) {
    // Past the last key: any valid row; its score is not used.
    const int position = key + j < n_keys ? key + j : key;
    k[j] = task.cache + task.slots[position] * task.cache_stride + Row::offset(task.key_column);
  }
  if constexpr (kQueries == 1) {
    const int end = key + kKeys + kPrefetchKeys;
    for (int next = key + kKeys; next < end && next < n_keys; ++next) {
      prefetch_row(task.cache + task.slots[next] * task.cache_stride + Row::offset(task.key_column),
                   Row::offset(task.q_dim));
    }
  }
  Wide sums[16];
  for (Wide& sum : sums) sum = wide_zero();
  int d = 0;
  for (; d + 16 <= task.q_dim; d += 16) {
    Wide queries[kQueries];
    for (int i = 0; i < kQueries; ++i) queries[i] = wide_load(q[i] + d);
    for (int j = 0; j < kKeys; ++j) {
      const Wide numbers = Row::load(k[j], d);
      for (int i = 0; i < kQueries; ++i) {
        sums[i * kKeys + j] = fma(queries[i], numbers, sums[i * kKeys + j]);
      }
    }
  }
  if (const int rest = task.q_dim - d; rest > 0) {
    for (int j = 0; j < kKeys; ++j) {
      const Wide numbers = Row::load_first(k[j], d, rest);
      for (int i = 0; i < kQueries; ++i) {
        sums[i * kKeys + j] = fma(wide_load_first(q[i] + d, rest), numbers, sums[i * kKeys + j]);
      }
    }
  }
  float result[16];
  sum_16(result, sums);
  for (int i = 0; i < kQueries; ++i) {
    float* scores = task.scores + int64_t{query + i} * kAttentionChunk + key;
    __builtin_memcpy(scores, result + i * kKeys, kKeys * sizeof(float));
  }
}

/// Of n > 0 numbers. Lanes, because one comparison after the other takes longer than the scores.
inline float largest_of(const float* x, int n) {
  F32 so_far = broadcast(x[0]);
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) so_far = max(load(x + i), so_far);
  float lanes[kLanes];
  store(lanes, so_far);
  float largest = lanes[0];
  for (const float lane : lanes) largest = lane > largest ? lane : largest;
  for (; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
  return largest;
}

/// scores -> exp(scores - largest) in place; fills largest and sum.
inline void softmax(const AttentionTask& task, int query) {
  float* scores = task.scores + int64_t{query} * kAttentionChunk;
  const int n = task.n_keys[query];
  if (n == 0) return;
  const float largest = largest_of(scores, n);
  const F32 shift = broadcast(largest);
  for (int i = 0; i < n; i += kLanes) store(scores + i, exp(sub(load(scores + i), shift)));
  for (int i = n; i % 16 != 0; ++i) scores[i] = 0.0f;
  Wide sum = wide_zero();
  for (int i = 0; i < n; i += 16) sum = add(sum, wide_load(scores + i));
  task.largest[query] = largest;
  task.sum[query] = sum_1(sum);
}

/// out[query][d .. d + 16 kWides) of kQueries queries. All see the first `n_common` keys.
template <class Row, int kQueries, int kWides>
inline void value_tile(const AttentionTask& task, int query, int d, int n_common) {
  Wide sums[kQueries][kWides];
  for (auto& row : sums) {
    for (Wide& sum : row) sum = wide_zero();
  }
  const float* scores = task.scores + int64_t{query} * kAttentionChunk;
  const uint8_t* values = task.cache + Row::offset(task.value_column);
  for (int p = 0; p < n_common; ++p) {
    const uint8_t* v = values + task.slots[p] * task.cache_stride;
    if (kQueries == 1 && p + kPrefetchKeys < n_common) {
      const int64_t next = task.slots[p + kPrefetchKeys];
      prefetch_row(values + next * task.cache_stride + Row::offset(d), Row::offset(16 * kWides));
    }
    Wide numbers[kWides];
    for (int j = 0; j < kWides; ++j) numbers[j] = Row::load(v, d + 16 * j);
    for (int i = 0; i < kQueries; ++i) {
      const Wide weight = wide_broadcast(scores[i * kAttentionChunk + p]);
      for (int j = 0; j < kWides; ++j) sums[i][j] = fma(weight, numbers[j], sums[i][j]);
    }
  }
  for (int i = 0; i < kQueries; ++i) {
    for (int p = n_common; p < task.n_keys[query + i]; ++p) {
      const uint8_t* v = values + task.slots[p] * task.cache_stride;
      const Wide weight = wide_broadcast(scores[i * kAttentionChunk + p]);
      for (int j = 0; j < kWides; ++j) {
        sums[i][j] = fma(weight, Row::load(v, d + 16 * j), sums[i][j]);
      }
    }
    float* out = task.out + int64_t{query + i} * task.v_dim + d;
    for (int j = 0; j < kWides; ++j) wide_store(out + 16 * j, sums[i][j]);
  }
}

template <class Row, int kQueries>
inline void value_rest(const AttentionTask& task, int query, int d) {
  const int rest = task.v_dim - d;
  for (int i = 0; i < kQueries; ++i) {
    const float* scores = task.scores + int64_t{query + i} * kAttentionChunk;
    Wide sum = wide_zero();
    for (int p = 0; p < task.n_keys[query + i]; ++p) {
      const uint8_t* v =
          task.cache + task.slots[p] * task.cache_stride + Row::offset(task.value_column);
      sum = fma(wide_broadcast(scores[p]), Row::load_first(v, d, rest), sum);
    }
    wide_store_first(task.out + int64_t{query + i} * task.v_dim + d, sum, rest);
  }
}

template <class Row, int kQueries>
inline void attend_tile(const AttentionTask& task, int query) {
  int n_common = task.n_keys[query];
  int n_keys = n_common;
  for (int i = 1; i < kQueries; ++i) {
    const int n = task.n_keys[query + i];
    n_common = n < n_common ? n : n_common;
    n_keys = n > n_keys ? n : n_keys;
  }
  for (int key = 0; key < n_keys; key += 16 / kQueries) {
    score_tile<Row, kQueries, 16 / kQueries>(task, query, key, n_keys);
  }
  for (int i = 0; i < kQueries; ++i) softmax(task, query + i);
  int d = 0;
  for (; d + 16 * kValueWides <= task.v_dim; d += 16 * kValueWides) {
    value_tile<Row, kQueries, kValueWides>(task, query, d, n_common);
  }
  for (; d + 16 <= task.v_dim; d += 16) value_tile<Row, kQueries, 1>(task, query, d, n_common);
  if (d < task.v_dim) value_rest<Row, kQueries>(task, query, d);
}

template <class Row>
inline void attend(const AttentionTask& task) {
  int query = 0;
  for (; query + 4 <= task.n_queries; query += 4) attend_tile<Row, 4>(task, query);
  for (; query < task.n_queries; ++query) attend_tile<Row, 1>(task, query);
}

}  // namespace fathom::engine::cpu::FATHOM_ISA
