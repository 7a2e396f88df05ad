// Messages full of markers: how many special tokens a prompt has depends on the conversation's
// structure alone, so no message can forge a turn. Runs in the repository root.
//
// Input: format, options, then messages: a byte for the role, a byte for the length, the text.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "completion/chat/encode_chat.h"

namespace {

using fathom::completion::ChatMessage;
using fathom::completion::ChatOptions;
using fathom::completion::ChatRole;
using fathom::engine::ChatFormat;
using fathom::engine::TokenId;
using fathom::engine::Tokenizer;

std::shared_ptr<const Tokenizer> load() {
  auto tokenizer = Tokenizer::load("tests/data/tokenizer-tiny/tokenizer.json");
  if (!tokenizer) {
    std::fprintf(stderr, "%s\n", tokenizer.error().message.c_str());
    std::exit(2);
  }
  return *tokenizer;
}

/// A JSON object with the text as its one value.
std::string object_of(std::string_view text) {
  std::string json = R"({"a":")";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) json += c;
  }
  return json + "\"}";
}

std::vector<ChatMessage> read_messages(std::string_view data) {
  std::vector<ChatMessage> messages;
  while (data.size() >= 2) {
    const auto kind = static_cast<uint8_t>(data[0]);
    const auto size = std::min<size_t>(static_cast<uint8_t>(data[1]), data.size() - 2);
    const std::string text(data.substr(2, size));
    data.remove_prefix(2 + size);
    ChatMessage message{.role = static_cast<ChatRole>(kind % 4), .content = text};
    if (message.role == ChatRole::assistant && kind & 4)
      message.tool_calls.push_back({.id = text,
                                    .type = text,
                                    .name = text,
                                    .arguments = kind & 16 ? object_of(text) : text});
    if (message.role == ChatRole::assistant && kind & 8) message.reasoning = text;
    if (message.role == ChatRole::tool) message.tool_call_id = text;
    if (message.role == ChatRole::system && kind & 4) message.tools.push_back(text);
    messages.push_back(std::move(message));
  }
  return messages;
}

/// The same conversation without any marker in it.
std::vector<ChatMessage> harmless(std::vector<ChatMessage> messages) {
  const std::string plain = "x";
  for (ChatMessage& message : messages) {
    message.content = plain;
    if (!message.reasoning.empty()) message.reasoning = plain;
    for (std::string& tool : message.tools) tool = "{}";
    for (fathom::completion::ToolCall& call : message.tool_calls) {
      call.type = call.name = plain;
      if (call.arguments == object_of(call.id)) call.arguments = object_of(plain);
    }
  }
  return messages;
}

long n_special(const std::vector<TokenId>& tokens, const Tokenizer& tokenizer) {
  return std::count_if(tokens.begin(), tokens.end(),
                       [&](TokenId id) { return tokenizer.is_special(id); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::shared_ptr<const Tokenizer> tokenizer = load();
  if (size < 2) return 0;
  constexpr int kFormats = static_cast<int>(ChatFormat::chatml) + 1;
  const fathom::engine::ChatTraits chat{.format = static_cast<ChatFormat>(data[0] % kFormats)};
  const ChatOptions options{.thinking = (data[1] & 1) != 0,
                            .adds_generation_prompt = (data[1] & 2) != 0};
  const auto messages = read_messages({reinterpret_cast<const char*>(data) + 2, size - 2});

  const auto tokens = encode_chat(messages, options, chat, *tokenizer);
  if (!tokens) return 0;
  const auto plain = encode_chat(harmless(messages), options, chat, *tokenizer);
  if (!plain || n_special(*tokens, *tokenizer) != n_special(*plain, *tokenizer)) std::abort();
  return 0;
}
