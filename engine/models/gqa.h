// Transformers of the Llama family: grouped-query attention and a gated feed-forward network, or
// experts in its place.
//
// An architecture of this family is a GqaConfig: what differs is read from the checkpoint by its
// own file.

#pragma once

#include "engine/backend.h"
#include "engine/model.h"
#include "engine/models/feed_forward_config.h"
#include "engine/models/fields.h"

namespace fathom::engine {

struct GqaConfig {
  int n_layers = 0;
  int dim = 0;
  int n_heads = 0;
  int n_kv_heads = 0;
  int head_dim = 0;
  int vocab = 0;
  int context_length = 0;
  float norm_eps = 0;
  bool tied = false;      // Hugging Face only; a GGUF file says it by having no output matrix
  bool qkv_bias = false;  // queries, keys and values have one
  FeedForwardConfig ffn;
  Rope rope;
};

/// Everything but qkv_bias, experts, and the layout of the rotary embedding, which `layout` gives.
/// Remembers in `fields` what is wrong or beyond this family.
GqaConfig read_gqa_config(Fields& fields, RopeLayout layout);

/// GGUF may have a tensor rope_freqs.weight, which divides the frequencies: it is applied here.
/// Errors: as load_model().
Result<std::unique_ptr<Model>> load_gqa(std::shared_ptr<const Checkpoint> checkpoint,
                                        GqaConfig config, Backend& backend,
                                        const ModelOptions& options);

}  // namespace fathom::engine
