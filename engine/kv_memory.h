// The KV cache of a model as memory of a backend.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

#include "engine/backend.h"
#include "engine/base/result.h"
#include "engine/model.h"

namespace fathom::engine {

struct KvMemory {
  KvStore store;
  std::vector<std::unique_ptr<Buffer>> buffers;  // own what `store` shows
  uint64_t size_bytes = 0;

  /// For `n_slots` tokens, zeroed; `backend` is the one that the model was loaded with. Errors:
  /// out_of_memory.
  static Result<KvMemory> allocate(const Model& model, Backend& backend, int n_slots);
};

/// Of all layers.
uint64_t cache_bytes_per_token(const Model& model);

/// What keys and values are kept as unless something else is asked for: bf16, which halves the
/// memory and what attention reads; f32 for small models, where that gains little.
DType default_cache_type(uint64_t weight_bytes);

/// What keys and values are kept as if `wanted` is asked for and their parts are `widths` numbers
/// wide: bf16 where parts are no whole blocks.
DType fitting_cache_type(DType wanted, std::initializer_list<int> widths);

}  // namespace fathom::engine
