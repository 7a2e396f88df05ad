// ChatML, as Qwen2.5 uses it:
//
//   <|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{user}<|im_end|>\n
//   <|im_start|>assistant\n
//
// A conversation without a system message gets the default one. Source: chat_template of
// Qwen/Qwen2.5-Coder-7B-Instruct.

#include "completion/chat/encoders.h"

namespace fathom::completion {
namespace {

void write_turn(std::string_view role, std::string_view content, ChatWriter& out) {
  out.layout("<|im_start|>").layout(role).layout("\n").text(content).layout("<|im_end|>\n");
}

}  // namespace

Status encode_chatml(const Conversation& conversation, ChatWriter& out) {
  FATHOM_CHECK(check_no_tools(conversation));
  const auto messages = conversation.messages;
  const bool has_system = !messages.empty() && messages.front().role == ChatRole::system;
  if (!has_system && !conversation.chat.default_system.empty())
    write_turn("system", conversation.chat.default_system, out);
  for (const ChatMessage& message : messages) {
    const char* role = message.role == ChatRole::system ? "system"
                       : message.role == ChatRole::user ? "user"
                                                        : "assistant";
    write_turn(role, content_of(message), out);
  }
  if (conversation.options.adds_generation_prompt) out.layout("<|im_start|>assistant\n");
  return {};
}

}  // namespace fathom::completion
