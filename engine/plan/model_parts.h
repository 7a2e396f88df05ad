// What a model is made of, by what its parts cost: bytes, parameters and multiplications, read from
// the names and shapes of its tensors. No weights are touched.
//
// Threads: any.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/dtype.h"
#include "engine/plan/tensor_rules.h"

namespace fathom::engine {

/// All tensors of a layer that have one rule.
struct Piece {
  TensorRule rule;
  int64_t n_parameters = 0;
  int64_t n_bytes = 0;
};

struct LayerParts {
  std::vector<Piece> pieces;
  bool is_draft = false;
  int64_t cache_width = 0;  // numbers of a token in the KV cache
  Split cache_split = Split::whole;
  int64_t n_outputs = 0;      // numbers that the layer's matrices make of a token
  int64_t pair_products = 0;  // multiplications of attention, for each pair of query and key
};

struct ModelParts {
  std::string name;  // where it is, or "v3 in fp8"
  /// Those that draft last. The first one has the embeddings too, the last one before the drafts
  /// the head.
  std::vector<LayerParts> layers;
  int n_layers = 0;   // without drafts
  bool tied = false;  // the embeddings are the output matrix
  int dim = 0;
  int vocab_size = 0;
  int context_length = 0;
  int n_heads = 0;
  int n_kv_heads = 0;
  int n_experts = 0;              // 0: there are none
  int n_active = 0;               // of them, those that a token passes
  DType cache_type = DType::f32;  // what the engine keeps keys and values as by itself
};

/// Errors: not_found (no weights), unsupported (a tensor whose purpose is not known), corrupt.
Result<ModelParts> read_model_parts(const Checkpoint& checkpoint);

/// A shape of engine/convert/shapes.h with weights of type `quant`, a mix of quant_mix.h, as
/// `fathom convert` writes it, or "fp8" as DeepSeek publishes it: matrices in blocks of 128 x 128
/// with a factor each, all else in BF16. Errors: invalid_argument.
Result<ModelParts> make_model_parts(std::string_view shape, std::string_view quant);

/// "fp8, f32, f16, ...".
std::string plan_quant_names();

int64_t weight_bytes(const ModelParts& model);
int64_t n_parameters(const ModelParts& model);

/// What a token passes: without the embeddings, of which it takes a row, and without drafts.
Piece passed_by_token(const ModelParts& model);

/// Bytes of a token in the cache of a layer, if numbers are kept as `type`, or as bf16 where they
/// are no whole blocks of it.
int64_t layer_cache_bytes(const LayerParts& layer, DType type);
/// Of all layers.
int64_t cache_bytes_per_token(const ModelParts& model, DType type);

}  // namespace fathom::engine
