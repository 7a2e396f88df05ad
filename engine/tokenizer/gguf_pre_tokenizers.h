// The pre-tokenizers that GGUF files name instead of describing.

#pragma once

#include <optional>
#include <string_view>

#include "engine/base/result.h"
#include "engine/tokenizer/pre_tokenizer.h"

namespace fathom::engine {

struct NamedPreTokenizer {
  PreTokenizer pre_tokenizer;
  bool ignore_merges = false;  // a piece that is a token is that token, whatever the merges say
  bool adds_bos = false;       // if the file does not say
};

/// The pre-tokenizer of this `tokenizer.ggml.pre`. Errors: unsupported (a name fathom does not
/// know).
Result<NamedPreTokenizer> make_gguf_pre_tokenizer(std::string_view name);

}  // namespace fathom::engine
