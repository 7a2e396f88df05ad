// The sizes of multi-head latent attention and its rotary embedding, read from a checkpoint.

#pragma once

#include <optional>

#include "engine/backend.h"
#include "engine/models/fields.h"
#include "engine/models/indexer.h"

namespace fathom::engine {

struct MlaConfig {
  int dim = 0;
  int n_heads = 0;
  int q_lora = 0;  // 0: queries are made from the hidden state itself (V2-Lite)
  int kv_lora = 0;
  int nope_dim = 0;  // of a head's query and key: the part without position
  int rope_dim = 0;  // and the part with
  int v_dim = 0;
  float norm_eps = 0;
  float softmax_scale = 0;
  Rope rope;
  std::optional<IndexerConfig> indexer;  // V3.2

  int latent_width() const { return kv_lora + rope_dim; }
  /// Of a cache row: [latent: kv_lora | rotated key: rope_dim | the indexer's key].
  int cache_width() const { return latent_width() + (indexer ? indexer->head_dim : 0); }
};

/// All but the indexer. `known_mscale`: mscale and mscale_all_dim of every released model of the
/// generation, for GGUF files older than yarn_log_multiplier. Remembers in `fields` what is wrong.
MlaConfig read_mla_config(Fields& fields, double known_mscale);

}  // namespace fathom::engine
