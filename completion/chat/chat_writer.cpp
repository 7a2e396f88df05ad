#include "completion/chat/chat_writer.h"

#include <utility>

namespace fathom::completion {

ChatWriter& ChatWriter::layout(std::string_view text) {
  while (const auto spelled = tokenizer_.find_spelled(text)) {
    pending_ += text.substr(0, spelled->begin);
    token(spelled->id);
    text.remove_prefix(spelled->end);
  }
  pending_ += text;
  return *this;
}

ChatWriter& ChatWriter::text(std::string_view text) {
  pending_ += text;
  return *this;
}

ChatWriter& ChatWriter::token(engine::TokenId id) {
  flush();
  tokens_.push_back(id);
  return *this;
}

std::vector<engine::TokenId> ChatWriter::finish() {
  flush();
  return std::exchange(tokens_, {});
}

void ChatWriter::flush() {
  tokenizer_.encode(pending_, tokens_);
  pending_.clear();
}

}  // namespace fathom::completion
