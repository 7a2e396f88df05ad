// Pools the keys of a group of tokens into one: what DeepSeek-V4's attention and its indexer look
// at instead of tokens that are far away.
//
// Everything that a later token needs of an earlier one lies in the earlier one's cache row: the
// numbers to pool with their gates, and, in the row of a group's last token, the pooled key. So a
// text can be cut anywhere and continued otherwise, as the prefix tree does; official code keeps
// one running state for a text instead, which takes less memory and cannot be cut.
//
// Source: DeepSeek-V4's inference/model.py, class Compressor.

#pragma once

#include <vector>

#include "engine/backend.h"
#include "engine/model.h"
#include "engine/models/binder.h"
#include "engine/models/scratch.h"

namespace fathom::engine {

struct CompressorConfig {
  int dim = 0;      // of the tokens
  int key_dim = 0;  // of a pooled key, the last rope_dim numbers of it rotated
  int rope_dim = 0;
  int group = 0;  // tokens
  bool overlaps = false;
  int column = 0;  // of a cache row, where the compressor's part begins
  float norm_eps = 0;
  Rope rope;  // for the position of a group's first token

  int width() const { return overlaps ? 2 * key_dim : key_dim; }
  int key_column() const { return column + 2 * width(); }
  int end_column() const { return key_column() + key_dim; }
};

struct CompressorWeights {
  const Weight* numbers = nullptr;        // [width, dim]
  const Weight* gates = nullptr;          // [width, dim]
  const Weight* position_bias = nullptr;  // [group, width]
  const Weight* norm = nullptr;           // [1, key_dim]
};

/// Prefix of the four tensors in each format: "attn.compressor." or "attn_compressor_".
CompressorWeights bind_compressor(Binder::Scope in, TensorName prefix, const CompressorConfig& c);

/// For all compressors of a model; what they need can only be larger in one layer than in another.
struct CompressorScratch {
  static CompressorScratch allocate(ScratchAllocator& memory, int max_batch, int max_width,
                                    int max_key_dim);

  Tensor inputs;                      // [max_batch, 2 * max_width]
  Tensor keys;                        // [max_batch, max_key_dim]
  std::vector<int32_t> group_starts;  // [max_batch]
};

/// Writes the compressor's part of the rows of `batch`, whose tokens are x [n, dim].
void compress(Backend& backend, Tensor x, const Batch& batch, CacheRows cache,
              const CompressorWeights& w, const CompressorConfig& config,
              CompressorScratch& scratch);

}  // namespace fathom::engine
