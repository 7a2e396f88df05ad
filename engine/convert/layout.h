// How Hugging Face's files and GGUF files name and arrange one and the same model.
//
// Names and arrangements of GGUF are llama.cpp's: gguf-py/gguf/constants.py, conversion/.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/convert/tensor_source.h"

namespace fathom::engine {

/// What is particular about an architecture's GGUF files.
struct Layout {
  std::string_view hugging_face;  // config.json's architectures[0]
  std::string_view gguf;          // general.architecture
  bool interleaves_heads;         // rows of queries and keys are stored as rotated pairs
  bool is_latent;                 // multi-head latent attention
};

/// Errors: unsupported; the message names those that can be converted.
Result<const Layout*> find_layout(const Checkpoint& checkpoint);

struct NamedSource {
  std::string name;            // in GGUF
  std::vector<int64_t> shape;  // outermost first
  TensorSource source;
};

/// The tensor of a GGUF file that a tensor of a Hugging Face checkpoint goes into.
struct GgufName {
  std::string name;
  int expert = -1;  // which part of it; -1: all of it
};

/// Nothing where GGUF has no name. Latent attention's kv_b_proj has that of older files, which keep
/// it whole.
std::optional<GgufName> gguf_name_of(std::string_view hugging_face);

/// All tensors of a Hugging Face checkpoint as a GGUF file has them, in the order of the layers.
/// They borrow the checkpoint's bytes.
/// Errors: unsupported (a tensor that GGUF has no name for), corrupt.
Result<std::vector<NamedSource>> lay_out(const Checkpoint& checkpoint, const Layout& layout);

/// Layers for multi-token prediction behind the model's own: the file has them or has not,
/// whatever its configuration says.
int count_draft_layers(const Checkpoint& checkpoint);

/// The layer of "blk.N.rest"; -1 outside the layers.
int layer_of_name(std::string_view gguf_name);

}  // namespace fathom::engine
