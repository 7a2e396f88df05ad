// OpenAI's chat completions: POST /v1/chat/completions, for servers that have nothing else, or that
// can be given a form only there.
//
// Sources: platform.openai.com/docs/api-reference/chat; api-docs.deepseek.com, "Reasoning Model"
// and "Chat Prefix Completion": reasoning comes as `reasoning_content` (`reasoning` of others), and
// what the assistant has said already is a last message with `prefix`.
//
// Threads: any; functions.

#pragma once

#include <string>

#include "completion/remote/protocol.h"
#include "completion/remote/read_json.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {

/// The keys of a schema are written in its order.
using OrderedJson = nlohmann::ordered_json;

/// `messages` of the conversation that `ask` must have, and `response_format` if it has a schema.
void add_conversation(const Ask& ask, const engine::Tokenizer& tokenizer, OrderedJson& body);

struct ChatText {
  std::string reasoning;
  std::string text;
};
/// Of a choice: a piece of a stream, or a whole answer.
ChatText chat_text(const Json& choice);

}  // namespace fathom::completion
