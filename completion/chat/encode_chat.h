// The prompt of a conversation in the layout that a chat model was trained with.
//
// Every message is data: special tokens spelled out in it stay text, so that no message can forge
// a turn (tests/fuzz/fuzz_chat.cpp). DeepSeek-V2's and Coder v1's layouts mark turns with plain
// text, which nothing can escape.

#pragma once

#include <memory>
#include <span>
#include <vector>

#include "completion/chat/message.h"
#include "engine/base/result.h"
#include "engine/generator.h"
#include "engine/model_traits.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {

struct ChatOptions {
  bool thinking = true;  // for models that leave it to the prompt (Reasoning::optional)
  bool adds_generation_prompt = true;  // ends in the header of the assistant's next turn
};

/// Begins with exactly one BOS if the model has one. What earlier answers reasoned is left out.
/// V3.2 and V4 open the assistant's turn right behind the user's, whatever the options say.
///
/// Errors: unsupported       the layout has no place for tools, or for a message without content
///         invalid_argument  tool calls whose arguments are no JSON object, results without calls
Result<std::vector<engine::TokenId>> encode_chat(std::span<const ChatMessage> messages,
                                                 const ChatOptions& options,
                                                 const engine::ChatTraits& chat,
                                                 const engine::Tokenizer& tokenizer);

/// What a prompt of `n_tokens` was laid out from; null if that is more than texts.
std::shared_ptr<const engine::Conversation> conversation_of(std::span<const ChatMessage> messages,
                                                            size_t n_tokens);

}  // namespace fathom::completion
