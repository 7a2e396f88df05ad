// Which number format each tensor of a converted model gets.
//
// A mix has a base type, in which most matrices are stored, and exceptions:
//
//   norms, biases, router and rotary factors  f32: small, and errors there reach everything
//   embeddings, output matrix                 at least q6_k: every token passes through them; one
//   row
//                                             of the embeddings is read a token, so they cost no
//                                             time
//   attn_k_b, attn_v_b (latent attention)     at least q8_0: small, and read by all heads
//   q2_k, q3_k, q3_k_m, q4_k_m, q5_k_m        attention values and down projections one or two
//   steps
//                                             higher, in the _m mixes in the layers where it helps
//   rows that are not whole blocks            q8_0, or f16 where they are not blocks of 32 either
//
// The choice of layers and tensors follows what llama.cpp users know by these names.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/dtype.h"

namespace fathom::engine {

struct QuantMix {
  std::string_view name;  // "q4_k_m"
  DType base;
  uint32_t file_type;  // llama_ftype, for general.file_type
  DType raised;        // of attention values and down projections where is_raised() says so
  bool raise_all;      // in all layers, not only in the first, the last and every third
};

/// Null if there is no mix of that name.
const QuantMix* find_quant_mix(std::string_view name);
/// Errors: invalid_argument; the message lists those there are.
Result<const QuantMix*> require_quant_mix(std::string_view name);
/// "f32, f16, ..., mxfp4".
std::string quant_mix_names();

struct ModelShape {
  int n_layers = 0;
  bool tied = false;  // there is no output matrix: the embeddings are used
};

/// `name` is the GGUF name; `shape` outermost first.
DType choose_dtype(const QuantMix& mix, const ModelShape& model, std::string_view name,
                   const std::vector<int64_t>& shape);

/// What choose_dtype() would say if every row were whole blocks.
DType wanted_dtype(const QuantMix& mix, const ModelShape& model, std::string_view name,
                   const std::vector<int64_t>& shape);

}  // namespace fathom::engine
