#include "completion/remote/openai_chat.h"

#include <algorithm>
#include <span>
#include <utility>

#include <nlohmann/json.hpp>

namespace fathom::completion {

void add_conversation(const Ask& ask, const engine::Tokenizer& tokenizer, OrderedJson& body) {
  OrderedJson messages = OrderedJson::array();
  for (const engine::Conversation::Turn& turn : ask.conversation->turns)
    messages.push_back({{"role", turn.role}, {"content", turn.text}});
  const size_t n_tokens = std::min(ask.conversation->n_tokens, ask.prompt.size());
  const std::span<const engine::TokenId> said = std::span(ask.prompt).subspan(n_tokens);
  if (!said.empty()) {
    OrderedJson begun = {{"role", "assistant"}, {"prefix", true}};
    const auto think_end = tokenizer.special(engine::SpecialRole::think_end);
    const auto closed = think_end ? std::ranges::find(said, *think_end) : said.end();
    if (closed != said.end()) {
      begun["reasoning_content"] = tokenizer.decode({said.begin(), closed});
      begun["content"] = tokenizer.decode({closed + 1, said.end()});
    } else {
      begun["content"] = tokenizer.decode(said);
    }
    messages.push_back(std::move(begun));
  }
  body["messages"] = std::move(messages);
  if (ask.schema.empty()) return;
  body["response_format"] = {
      {"type", "json_schema"},
      {"json_schema",
       {{"name", "answer"},
        {"strict", true},
        {"schema", OrderedJson::parse(ask.schema, nullptr, /*allow_exceptions=*/false)}}}};
}

ChatText chat_text(const Json& choice) {
  const Json* message = find(choice, "delta");
  if (!message) message = find(choice, "message");
  if (!message) return {};
  std::string reasoning = text_in(*message, "reasoning_content");
  if (reasoning.empty()) reasoning = text_in(*message, "reasoning");
  return {.reasoning = std::move(reasoning), .text = text_in(*message, "content")};
}

}  // namespace fathom::completion
