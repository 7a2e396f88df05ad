#include "completion/chat/encode_chat.h"

#include <utility>

#include "completion/chat/encoders.h"
#include "engine/base/assert.h"

namespace fathom::completion {
namespace {

using engine::ChatFormat;

Status encode(const Conversation& conversation, ChatWriter& out) {
  switch (conversation.chat.format) {
    case ChatFormat::deepseek_coder:
    case ChatFormat::deepseek_vl2:
      return encode_deepseek_coder(conversation, out);
    case ChatFormat::deepseek_v2:
      return encode_deepseek_v2(conversation, out);
    case ChatFormat::deepseek_v2_5:
    case ChatFormat::deepseek_v3:
    case ChatFormat::deepseek_r1:
    case ChatFormat::r1_distill:
      return encode_deepseek_v3(conversation, out);
    case ChatFormat::r1_0528:
      return encode_r1_0528(conversation, out);
    case ChatFormat::deepseek_v3_1:
      return encode_deepseek_v31(conversation, out);
    case ChatFormat::deepseek_v3_2:
      return encode_deepseek_v32(conversation, out);
    case ChatFormat::deepseek_v4:
      return encode_deepseek_v4(conversation, out);
    case ChatFormat::chatml:
      return encode_chatml(conversation, out);
  }
  FATHOM_ASSERT(false);
  return {};
}

/// Every template of DeepSeek's but VL2's writes BOS itself, also where the tokenizer would not.
bool begins_with_bos(ChatFormat format, const engine::Tokenizer& tokenizer) {
  const bool by_template = format != ChatFormat::chatml && format != ChatFormat::deepseek_vl2;
  return by_template || tokenizer.adds_bos();
}

}  // namespace

Result<std::vector<engine::TokenId>> encode_chat(std::span<const ChatMessage> messages,
                                                 const ChatOptions& options,
                                                 const engine::ChatTraits& chat,
                                                 const engine::Tokenizer& tokenizer) {
  ChatWriter out(tokenizer);
  if (const auto bos = tokenizer.special(engine::SpecialRole::bos);
      bos && begins_with_bos(chat.format, tokenizer))
    out.token(*bos);
  FATHOM_CHECK(encode({messages, options, chat}, out));
  return out.finish();
}

std::shared_ptr<const engine::Conversation> conversation_of(std::span<const ChatMessage> messages,
                                                            size_t n_tokens) {
  engine::Conversation conversation{.n_tokens = n_tokens};
  for (const ChatMessage& message : messages) {
    const bool is_text = message.content && message.role != ChatRole::tool &&
                         message.tool_calls.empty() && message.tools.empty();
    if (!is_text) return nullptr;
    const std::string_view role = message.role == ChatRole::system ? "system"
                                  : message.role == ChatRole::user ? "user"
                                                                   : "assistant";
    conversation.turns.push_back({.role = role, .text = *message.content});
  }
  return std::make_shared<const engine::Conversation>(std::move(conversation));
}

Status check_no_tools(const Conversation& conversation) {
  FATHOM_CHECK(check_no_tool_lists(conversation));
  for (const ChatMessage& message : conversation.messages) {
    if (message.role == ChatRole::tool || !message.tool_calls.empty()) {
      return fail(ErrorCode::unsupported, "the chat format {} has no tool calls",
                  name_of(conversation.chat.format));
    }
  }
  return {};
}

Status check_no_tool_lists(const Conversation& conversation) {
  for (const ChatMessage& message : conversation.messages) {
    if (!message.tools.empty()) {
      return fail(ErrorCode::unsupported, "the chat format {} has no list of tools",
                  name_of(conversation.chat.format));
    }
  }
  return {};
}

std::string_view content_of(const ChatMessage& message) {
  return message.content ? std::string_view(*message.content) : std::string_view();
}

std::string system_text(const Conversation& conversation, Systems which) {
  std::string text;
  bool is_first = true;
  for (const ChatMessage& message : conversation.messages) {
    if (message.role != ChatRole::system) continue;
    if (which == Systems::last) text.clear();
    if (which == Systems::joined && !is_first) text += "\n\n";
    text += content_of(message);
    is_first = false;
  }
  return text;
}

std::string_view behind_reasoning(std::string_view answer) {
  const size_t end = answer.rfind(kThinkEnd);
  return end == std::string_view::npos ? answer : answer.substr(end + kThinkEnd.size());
}

std::string_view behind_first_reasoning(std::string_view answer) {
  const size_t end = answer.find(kThinkEnd);
  return end == std::string_view::npos ? answer : answer.substr(end + kThinkEnd.size());
}

void write_fenced_call(const ToolCall& call, ChatWriter& out) {
  out.layout(kToolCallBegin).text(call.type).layout(kToolSeparator).text(call.name);
  out.layout("\n```json\n").text(call.arguments).layout("\n```").layout(kToolCallEnd);
}

}  // namespace fathom::completion
