// Multi-head latent attention, in the absorbed form: keys and values stay in the latent space of
// kv_lora numbers that the cache holds; queries and results are carried into and out of it.
//
// Source: DeepSeek-V2, arXiv:2405.04434, section 2.1; official inference/model.py, "absorb".

#pragma once

#include <vector>

#include "engine/backend.h"
#include "engine/model.h"
#include "engine/models/binder.h"
#include "engine/models/layer_probe.h"
#include "engine/models/mla_config.h"
#include "engine/models/scratch.h"

namespace fathom::engine {

/// n_heads: of the model, or as many of them as the rank has.
struct MlaWeights {
  const Weight* q_a = nullptr;        // [q_lora, dim]?
  const Weight* q_a_norm = nullptr;   // [1, q_lora]?
  const Weight* q_b = nullptr;        // [n_heads * (nope + rope), q_lora, or dim without q_a]
  const Weight* kv_a = nullptr;       // [kv_lora + rope, dim]
  const Weight* kv_a_norm = nullptr;  // [1, kv_lora]
  const Weight* k_b = nullptr;        // n_heads x [kv_lora, nope]: W_UK transposed
  const Weight* v_b = nullptr;        // n_heads x [v, kv_lora]: W_UV
  const Weight* out = nullptr;        // [dim, n_heads * v]
  IndexerWeights indexer;             // only if the config has one
  bool is_partial = false;            // what it computes is the rank's part of a sum
};

/// Accepts all layouts in circulation: kv_b whole (Hugging Face, GGUF before April 2025), k_b and
/// v_b apart, or all three. A quantised kv_b gives k_b in f16, as its blocks run the other way; one
/// in FP8 stays as it is. Ranks that share the model have equally many heads each; or all of them,
/// where that is not possible.
MlaWeights bind_mla(Binder::Scope in, const MlaConfig& config);

struct MlaScratch {
  static MlaScratch allocate(ScratchAllocator& memory, int max_batch, const MlaConfig& config);

  // All [max_batch, ...].
  Tensor q_a;         // q_lora, if there is one
  Tensor q;           // n_heads * (nope + rope)
  Tensor kv;          // kv_lora + rope: a row of the cache, but for the indexer's key
  Tensor q_latent;    // n_heads * kv_lora
  Tensor out_latent;  // n_heads * kv_lora
  Tensor out;         // n_heads * v
  IndexerScratch indexer;

  // A batch's sequences in two parts, by whether the rows see more positions than the indexer
  // picks; room for all that a batch can have.
  std::vector<SequenceRows> dense, sparse;
};

/// Writes the rows' latents to `cache` and replaces x [n, dim] by the attention's result, or by the
/// rank's part of it.
void mla_attention(Backend& backend, Tensor x, const Batch& batch, CacheRows cache,
                   const MlaWeights& w, const MlaConfig& config, MlaScratch& scratch,
                   LayerProbe probe);

}  // namespace fathom::engine
