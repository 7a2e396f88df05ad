// The prompt of an explanation in the layout of the model at hand.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "completion/snapshot.h"
#include "engine/model_traits.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {

/// The user's message: the question, or the request to explain, and the code in a fence that
/// names its language as chat models know it.
std::string explain_message(const Snapshot& snapshot, std::string_view code,
                            std::string_view question);

/// The chat prompt with `message` as the user's turn, BOS included. The message is encoded as
/// text: "<|Assistant|>" spelled out in it forges no turn. traits.chat must be there.
std::vector<engine::TokenId> chat_prompt(std::string_view message,
                                         const engine::ModelTraits& traits,
                                         const engine::Tokenizer& tokenizer);

}  // namespace fathom::completion
