// DeepSeek-V4's configuration, from config.json or GGUF metadata.

#pragma once

#include <vector>

#include "engine/models/deepseek_v4_attention.h"
#include "engine/models/deepseek_v4_experts.h"
#include "engine/models/fields.h"
#include "engine/models/hyper_connections.h"

namespace fathom::engine {

struct V4Config {
  int n_layers = 0;  // without draft layers
  int vocab = 0;
  int context_length = 0;
  HyperConfig streams;
  V4AttentionConfig attention;
  V4ExpertsConfig experts;
  // One for each layer, and one more for the first draft layer.
  std::vector<V4LayerConfig> attention_layers;
  std::vector<V4ExpertsLayer> expert_layers;

  int dim() const { return attention.dim; }
  float norm_eps() const { return attention.norm_eps; }
};

/// Remembers in `fields` what is wrong.
V4Config read_v4_config(Fields& fields);

}  // namespace fathom::engine
