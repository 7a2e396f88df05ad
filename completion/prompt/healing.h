// Token healing: where to cut the text typed on a line so that the model may choose how its last
// token goes on.
//
// A prompt that ends in the middle of what the tokenizer would make one token ("retu", or the
// blank before a word) is one the model has hardly seen. The bytes behind the cut are not in the
// prompt; the generator is held to begin with them (GenerateRequest::forced_prefix).
// Source: "The Art of Prompt Design: Prompt Boundaries and Token Healing" (Lundberg, 2023).

#pragma once

#include <cstddef>
#include <string_view>

namespace fathom::completion {

/// Length of the part of `line` that belongs into the prompt. The rest, at most 64 bytes, is the
/// last word with the blank or the dot before it, or the last blanks, or the last punctuation.
/// Typing a word does not move the cut.
size_t healed_length(std::string_view line);

}  // namespace fathom::completion
