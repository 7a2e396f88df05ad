// The lightning indexer of DeepSeek-V3.2: a small attention without values, which picks the
// positions that latent attention looks at. Its keys lie in the cache row of their token.
//
// Source: inference/model.py of DeepSeek-V3.2-Exp, class Indexer, with the correction of 2025-11-17
// (pairs for rotation are half_split here, interleaved in latent attention). The original rotates
// queries and keys by a Hadamard matrix for the sake of their rounding; without rounding it cancels
// out. Factors common to all scores are left out: only the order counts.

#pragma once

#include "engine/backend.h"
#include "engine/model.h"
#include "engine/models/binder.h"
#include "engine/models/fields.h"
#include "engine/models/scratch.h"

namespace fathom::engine {

struct IndexerConfig {
  int n_heads = 0;
  int head_dim = 0;
  int top_k = 0;  // positions that a query attends to
  int dim = 0;    // of the hidden state
  int q_lora = 0;
  Rope rope;  // for the first numbers of each head
};

/// `attention_rope`: that of latent attention, whose frequencies the indexer uses.
IndexerConfig read_indexer_config(Fields& fields, int dim, int q_lora, const Rope& attention_rope);

struct IndexerWeights {
  const Weight* q = nullptr;             // [n_heads * head_dim, q_lora]
  const Weight* k = nullptr;             // [head_dim, dim]
  const Weight* k_norm = nullptr;        // [1, head_dim]
  const Weight* k_norm_bias = nullptr;   // [1, head_dim]
  const Weight* head_weights = nullptr;  // [n_heads, dim]
};

IndexerWeights bind_indexer(Binder::Scope in, const IndexerConfig& config);

struct IndexerScratch {
  static IndexerScratch allocate(ScratchAllocator& memory, int max_batch,
                                 const IndexerConfig& config);

  Tensor q;             // [max_batch, n_heads * head_dim]
  Tensor k;             // [max_batch, head_dim]
  Tensor head_weights;  // [max_batch, n_heads]
  ChosenGroups chosen;  // [max_batch, top_k]
};

/// x [n, dim]: what the attention reads; q_latent [n, q_lora]: its queries' latent, normalised.
struct IndexerInput {
  Tensor x;
  Tensor q_latent;
  CacheRows cache;  // f32
  int column = 0;   // of the keys in a cache row
};

/// Writes the keys of all rows of the batch to the cache.
void write_index_keys(Backend& backend, const IndexerInput& input, const Batch& batch,
                      const IndexerWeights& w, const IndexerConfig& config,
                      const IndexerScratch& scratch);

/// Fills scratch.chosen with the positions of `sequences`, which cover some rows of the batch.
void choose_positions(Backend& backend, const IndexerInput& input, const Batch& batch,
                      std::span<const SequenceRows> sequences, const IndexerWeights& w,
                      const IndexerConfig& config, const IndexerScratch& scratch);

}  // namespace fathom::engine
