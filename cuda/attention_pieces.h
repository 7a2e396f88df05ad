// The order in which a block of the attention kernel brings keys and values to shared memory.

#pragma once

#include "cuda/attention_shape.h"

namespace fathom::cuda {

/// Pieces of keys, then of values, of one tile after another, staged before they are needed.
template <class S>
class TilePieces {
 public:
  using PieceStage = Stage<S::kCache, S::kDims>;

  __device__ TilePieces(AttentionStorage<S>& storage, const AttentionWork& work, int tile, int end)
      : storage_(storage),
        work_(work),
        kv_(blockIdx.y / work.n_head_tiles),
        next_tile_(tile),
        end_tile_(end) {}

  /// Before the first one.
  __device__ void start() {
    if constexpr (S::kCopies) {
      for (int i = 0; i < S::kStages - 1; ++i) copy_next(storage_.stages[i]);
    } else {
      fetch_next();
    }
  }

  /// The next piece, for all threads; they are done with the one before.
  __device__ const PieceStage& take() {
    if constexpr (S::kCopies) {
      wait_for_copies<S::kStages - 2>();
      __syncthreads();
      copy_next(storage_.stages[current_ == 0 ? S::kStages - 1 : current_ - 1]);
      const PieceStage& stage = storage_.stages[current_];
      current_ = current_ + 1 == S::kStages ? 0 : current_ + 1;
      return stage;
    } else {
      __syncthreads();
      store_columns(storage_.stages[0], fetched_);
      __syncthreads();
      fetch_next();
      return storage_.stages[0];
    }
  }

 private:
  __device__ TileColumns next_columns() const {
    const AttentionTask& task = work_.task;
    const int key_dim = task.q.dim + task.q_pe.dim;
    const int n_key_pieces = ceil_div(key_dim, S::kDims);
    const bool is_key = next_piece_ < n_key_pieces;
    const int dim = is_key ? key_dim : task.out.dim;
    const int first = (is_key ? next_piece_ : next_piece_ - n_key_pieces) * S::kDims;
    return {storage_.key_rows[next_tile_ % 2], (is_key ? 0 : task.value_column) + kv_ * dim + first,
            dim - first};
  }
  __device__ void advance() {
    const AttentionTask& task = work_.task;
    const int n_key_pieces = ceil_div(task.q.dim + task.q_pe.dim, S::kDims);
    if (++next_piece_ < n_key_pieces + ceil_div(task.out.dim, S::kDims)) return;
    next_piece_ = 0;
    ++next_tile_;
  }
  __device__ void copy_next(PieceStage& stage) {
    if (next_tile_ < end_tile_) {
      if (work_.cache_pieces)
        copy_columns(stage, next_columns(), work_.task.cache.data);
      else
        copy_any_columns(stage, next_columns());
      advance();
    }
    commit_copies();
  }
  __device__ void fetch_next() {
    if (next_tile_ >= end_tile_) return;
    fetch_columns<S::kCache>(fetched_, next_columns());
    advance();
  }

  AttentionStorage<S>& storage_;
  const AttentionWork& work_;
  const int kv_;
  int next_tile_, end_tile_, next_piece_ = 0;
  int current_ = 0;
  FetchedColumns<S::kDims> fetched_;
};

}  // namespace fathom::cuda
