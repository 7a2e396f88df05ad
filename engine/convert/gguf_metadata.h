// The metadata of a GGUF file for a Hugging Face model.

#pragma once

#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/checkpoint/gguf_writer.h"
#include "engine/convert/layout.h"

namespace fathom::engine {

/// Hyperparameters under llama.cpp's names. Errors: corrupt, unsupported.
Status write_hyperparameters(const Checkpoint& checkpoint, const Layout& layout, GgufWriter& out);

/// Vocabulary, merges, special tokens, pre-tokenizer and chat template, from the tokenizer files of
/// the checkpoint's folder. The vocabulary is padded to config.json's vocab_size, as the embeddings
/// are. Errors: those of Tokenizer::load; unsupported (GGUF has no name for the pre-tokenizer).
Status write_tokenizer(const Checkpoint& checkpoint, GgufWriter& out);

}  // namespace fathom::engine
