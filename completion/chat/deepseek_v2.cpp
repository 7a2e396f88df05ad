// DeepSeek-LLM chat, V2 chat, Coder-V2 instruct:
//
//   {system}\n\nUser: {user}\n\nAssistant: {answer}<eos>User: {user}\n\nAssistant:
//
// No blank may follow the last colon: Coder-V2-Lite then answers in Chinese or repeats itself.
// Source: chat_template of deepseek-ai/DeepSeek-V2-Chat; README of DeepSeek-Coder-V2.

#include "completion/chat/encoders.h"

namespace fathom::completion {

Status encode_deepseek_v2(const Conversation& conversation, ChatWriter& out) {
  FATHOM_CHECK(check_no_tools(conversation));
  for (const ChatMessage& message : conversation.messages) {
    if (message.role == ChatRole::system)
      out.text(content_of(message)).layout("\n\n");
    else if (message.role == ChatRole::user)
      out.layout("User: ").text(content_of(message)).layout("\n\n");
    else
      out.layout("Assistant: ").text(content_of(message)).layout(kEndOfSentence);
  }
  if (conversation.options.adds_generation_prompt) out.layout("Assistant:");
  return {};
}

}  // namespace fathom::completion
