// What a model file says about itself, read from its metadata and tensor list alone: works for
// architectures and number formats that fathom cannot run, and touches no weights.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/checkpoint/checkpoint.h"

namespace fathom::cli {

/// Window that memory needs are quoted for.
inline constexpr int64_t kQuotedContext = 4096;

struct TypeCount {
  int64_t tensors = 0;
  int64_t parameters = 0;
  uint64_t bytes = 0;
};

struct ModelSummary {
  std::string name;  // "" if the file does not say
  int64_t parameters = 0;
  uint64_t weight_bytes = 0;
  std::map<std::string, TypeCount> types;      // by the format's own type name
  std::vector<std::string> unsupported_types;  // of them, those fathom cannot compute with

  // Nothing where the file does not say.
  std::optional<int64_t> layers, dim, heads, kv_heads, experts, active_experts, vocab, context;

  /// What the KV cache keeps of a token over all layers: latents, or keys and values.
  std::optional<int64_t> cache_bytes_per_token;
  /// Weights and the cache of kQuotedContext tokens.
  std::optional<int64_t> total_bytes;
  /// Weights and the cache of all tokens that the model can look back on.
  std::optional<int64_t> total_bytes_at_context;
};

ModelSummary summarise(const engine::Checkpoint& checkpoint);

}  // namespace fathom::cli
