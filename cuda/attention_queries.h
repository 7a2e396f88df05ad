// Queries of a block of the attention kernel: heads of neighbouring rows of a text.

#pragma once

#include "cuda/attention_shape.h"

namespace fathom::cuda {

/// Neighbouring rows of a text, `n` from place `first` on, and the keys of all of them.
struct RowRun {
  int first, n;
  RowPlace last;
  RowKeys keys;
};

__device__ __forceinline__ RowRun find_run(const AttentionTask& task, int first, int end) {
  const RowPlace* rows = task.sequences.rows;
  const int first_slot = rows[first].first_slot;
  while (rows[end - 1].first_slot != first_slot) --end;
  const RowKeys keys = keys_of_row(task.keys, rows[first].position);
  const RowPlace last = rows[end - 1];
  const RowKeys last_keys = keys_of_row(task.keys, last.position);
  return {first, end - first, last, {keys.begin, last_keys.end, last_keys.n_groups}};
}

/// A head of a row: query `index` of a block.
struct QueryPlace {
  bool is_there;  // others compute what nobody looks at
  int place, head;
};

__device__ __forceinline__ QueryPlace find_query(const AttentionWork& work, const RowRun& run,
                                                 int index) {
  const int shared_by = work.task.q.n_heads / work.task.n_kv_heads;
  const int first_head = blockIdx.y % work.n_head_tiles * work.heads_per_tile;
  const int kv = blockIdx.y / work.n_head_tiles;
  const int row = index / work.heads_per_tile;
  const int head = first_head + index % work.heads_per_tile;
  const bool is_there = row < run.n && head < shared_by;
  return {is_there, run.first + (is_there ? row : 0),
          kv * shared_by + (is_there ? head : first_head)};
}

struct Query {
  int position;
  const float *q, *q_pe;
};

__device__ __forceinline__ Query query_at(const AttentionTask& task, const QueryPlace& at) {
  const RowPlace place = task.sequences.rows[at.place];
  const int64_t row = place.row, head = at.head;
  return {place.position, task.q.data + row * task.q.row_stride + head * task.q.head_stride,
          task.q_pe.data + row * task.q_pe.row_stride + head * task.q_pe.head_stride};
}

/// Columns `column` and the next.
__device__ __forceinline__ float2 query_pair(const AttentionWork& work, const Query& query,
                                             int column) {
  const int n = work.task.q.dim, n_pe = work.task.q_pe.dim;
  if (work.query_pairs && column < n + n_pe)
    return *reinterpret_cast<const float2*>(column < n ? query.q + column
                                                       : query.q_pe + (column - n));
  const auto number = [&](int i) {
    return i < n ? query.q[i] : i < n + n_pe ? query.q_pe[i - n] : 0.0f;
  };
  return {number(column), number(column + 1)};
}

/// This thread's numbers of the queries in a piece of the columns.
template <class S>
using QueryNumbers = float2[S::kDims / 32][4];

template <class S>
__device__ __forceinline__ void load_queries(QueryNumbers<S>& x, const AttentionWork& work,
                                             const Query (&queries)[2], const ThreadRole<S>& role,
                                             int first) {
#pragma unroll
  for (int step = 0; step < S::kDims / 32; ++step)
#pragma unroll
    for (int i = 0; i < 4; ++i)
      x[step][i] = query_pair(work, queries[i % 2],
                              first + 32 * step + 16 * role.odd + i / 2 * 8 + 2 * role.t);
}

}  // namespace fathom::cuda
