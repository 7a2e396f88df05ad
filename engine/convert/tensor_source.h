// The numbers of one tensor of a converted model, wherever they come from.
//
// A source is a matrix [rows, cols] of f32 that is computed when it is asked for, in pieces of
// whole units of rows. It borrows the checkpoint's bytes.
//
// Immutable; any thread.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"

namespace fathom::engine {

struct TensorSource {
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t unit = 1;  // rows are read in multiples of it
  /// out [n, cols]: the rows from `first` on; `first` and n are multiples of unit.
  std::function<void(int64_t first, std::span<float> out)> read;
  /// The tensor whose bytes are exactly these numbers in this order, if there is one.
  const TensorInfo* stored = nullptr;
};

/// A tensor as it lies in the file. Of FP8, `scales` [ceil(rows/block_rows), ceil(cols/block_cols)]
/// are the factors of blocks; null: none.
struct StoredTensor {
  const TensorInfo* tensor = nullptr;
  const TensorInfo* scales = nullptr;
  int block_rows = 0;
  int block_cols = 0;
};

/// Errors: unsupported (a type that cannot be decoded), corrupt (scales of another shape).
Result<TensorSource> read_stored(const StoredTensor& stored);

/// Rows of one head as [2, half], as Hugging Face rotates them, become [half, 2], as GGUF files of
/// Llama have them. Errors: corrupt (rows are not 2 * n_heads * something).
Result<TensorSource> interleave_heads(TensorSource source, int64_t n_heads);

/// One under the other. All have one shape; there is at least one.
TensorSource stack(std::vector<TensorSource> sources);

/// Of a matrix of `n_heads` groups of `head_rows` rows: rows [begin, begin + n) of each group.
struct HeadRows {
  int64_t n_heads = 0;
  int64_t head_rows = 0;
  int64_t begin = 0;
  int64_t n = 0;
};
TensorSource pick_rows(TensorSource source, const HeadRows& heads);
/// The same, each head's [n, cols] transposed to [cols, n].
TensorSource pick_transposed(TensorSource source, const HeadRows& heads);

/// Numbers that were computed: one row.
TensorSource constants(std::vector<float> values);

}  // namespace fathom::engine
