// DeepSeek-V4's attention: one head of keys that are also the values, a window of tokens, and
// behind it groups of tokens pooled into one key.
//
// A layer has groups of none, of few tokens (overlapping, an indexer chooses among them) or of many
// (all are looked at). Queries and keys are rotated in their last numbers; as values are rotated
// with them, the result is rotated back. A cache row of a layer is
// [key | compressor's part? | indexer's compressor's part?], see compressor.h.
//
// Source: DeepSeek-V4's inference/model.py, classes Attention and Indexer. Its rounding of keys and
// of the indexer's numbers to 8 and 4 bits is left out: it saves memory on its own devices.

#pragma once

#include <optional>

#include "engine/backend.h"
#include "engine/model.h"
#include "engine/models/binder.h"
#include "engine/models/compressor.h"
#include "engine/models/layer_probe.h"
#include "engine/models/scratch.h"

namespace fathom::engine {

/// What all layers share.
struct V4AttentionConfig {
  int dim = 0;
  int n_heads = 0;
  int head_dim = 0;
  int rope_dim = 0;  // the last numbers of a head
  int q_lora = 0;
  int n_out_groups = 0;  // the result's heads in groups, each projected to out_lora numbers
  int out_lora = 0;
  int window = 0;  // tokens, the query's own among them
  int index_heads = 0;
  int index_dim = 0;
  int index_limit = 0;  // groups that an indexer chooses
  float norm_eps = 0;
};

/// What is one layer's own.
struct V4LayerConfig {
  Rope rope;
  Rope inverse_rope;
  std::optional<CompressorConfig> pooled;  // nothing: the layer only has its window
  std::optional<CompressorConfig> index;   // nothing: it looks at all of its groups

  int cache_width(const V4AttentionConfig& c) const {
    return index ? index->end_column() : pooled ? pooled->end_column() : c.head_dim;
  }
};

struct V4AttentionWeights {
  const Weight* q_a = nullptr;       // [q_lora, dim]
  const Weight* q_a_norm = nullptr;  // [1, q_lora]
  const Weight* q_b = nullptr;       // [n_heads * head_dim, q_lora]
  const Weight* kv = nullptr;        // [head_dim, dim]
  const Weight* kv_norm = nullptr;   // [1, head_dim]
  const Weight* sinks = nullptr;     // [1, n_heads]
  const Weight* out_a = nullptr;     // n_out_groups x [out_lora, n_heads * head_dim / n_out_groups]
  const Weight* out_b = nullptr;     // [dim, n_out_groups * out_lora]
  CompressorWeights pooled;
  CompressorWeights index;
  const Weight* index_q = nullptr;        // [index_heads * index_dim, q_lora]
  const Weight* index_weights = nullptr;  // [index_heads, dim]
};

V4AttentionWeights bind_v4_attention(Binder::Scope in, const V4AttentionConfig& config,
                                     const V4LayerConfig& layer);

struct V4AttentionScratch {
  static V4AttentionScratch allocate(ScratchAllocator& memory, int max_batch,
                                     const V4AttentionConfig& config);

  // All [max_batch, ...].
  Tensor q_a;            // q_lora
  Tensor q;              // n_heads * head_dim
  Tensor kv;             // head_dim
  Tensor out;            // n_heads * head_dim
  Tensor out_a;          // n_out_groups * out_lora
  Tensor index_q;        // index_heads * index_dim
  Tensor index_weights;  // index_heads
  ChosenGroups chosen;   // index_limit
  CompressorScratch compressor;
};

/// Writes the rows' part of `cache` and replaces x [n, dim] by the attention's result.
void v4_attention(Backend& backend, Tensor x, const Batch& batch, CacheRows cache,
                  const V4AttentionWeights& w, const V4AttentionConfig& config,
                  const V4LayerConfig& layer, V4AttentionScratch& scratch, LayerProbe probe);

}  // namespace fathom::engine
