// How to talk to a model: which of the known chat formats its files ask for.
//
// Chat templates are programs (Jinja). fathom does not run them; it recognises the ones of the
// models it knows by what is written in them, and has an encoder for each in completion/chat/.

#pragma once

#include <optional>
#include <string>

#include "engine/model_traits.h"

namespace fathom::engine {

class Tokenizer;

/// The format of the tokenizer's chat template; nothing if there is none, or an unknown one.
/// DeepSeek-V3.2 and V4 come without a template: their special tokens tell.
std::optional<ChatFormat> detect_chat_format(const Tokenizer& tokenizer);

/// The same with what goes with it. `model_name`: the project's own models have habits of their
/// own (models/nano/README.md).
std::optional<ChatTraits> read_chat_traits(const Tokenizer& tokenizer,
                                           const std::string& model_name);

}  // namespace fathom::engine
