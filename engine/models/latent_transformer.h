// DeepSeek's transformers since V2: latent attention, dense layers and then experts, perhaps a
// draft layer after the last.
//
// An architecture of this family is a LatentTransformerConfig: what differs is read from the
// checkpoint by its own file.
//
// Source: DeepSeek-V2, arXiv:2405.04434; DeepSeek-V3, arXiv:2412.19437; official
// inference/model.py; llama.cpp's names for GGUF.

#pragma once

#include "engine/backend.h"
#include "engine/model.h"
#include "engine/models/feed_forward_config.h"
#include "engine/models/fields.h"
#include "engine/models/mla_config.h"

namespace fathom::engine {

struct LatentTransformerConfig {
  int n_layers = 0;   // without draft layers
  bool tied = false;  // Hugging Face only; a GGUF file says it by having no output matrix
  int context_length = 0;
  int vocab = 0;
  MlaConfig attention;
  FeedForwardConfig ffn;

  int dim() const { return attention.dim; }
};

/// Adds what the whole family names alike. Remembers in `fields` what is wrong.
LatentTransformerConfig read_latent_transformer(Fields& fields, MlaConfig attention,
                                                FeedForwardConfig ffn);

/// Errors: as load_model().
Result<std::unique_ptr<Model>> load_latent_transformer(std::shared_ptr<const Checkpoint> checkpoint,
                                                       LatentTransformerConfig config,
                                                       Backend& backend,
                                                       const ModelOptions& options);

}  // namespace fathom::engine
