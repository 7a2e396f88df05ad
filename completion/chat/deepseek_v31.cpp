// DeepSeek-V3.1, with or without reasoning:
//
//   {system}<User>{user}<Assistant></think>{answer}<eos><User>{user}<Assistant><think>
//
// "</think>" in place of "<think>" turns the reasoning off. Source: its chat_template.

#include "completion/chat/encoders.h"

namespace fathom::completion {
namespace {

void write_calls(const ChatMessage& message, ChatWriter& out) {
  out.text(content_of(message)).layout(kToolCallsBegin);
  for (const ToolCall& call : message.tool_calls) {
    out.layout(kToolCallBegin).text(call.name).layout(kToolSeparator);
    out.text(call.arguments).layout(kToolCallEnd);
  }
  out.layout(kToolCallsEnd).layout(kEndOfSentence);
}

}  // namespace

Status encode_deepseek_v31(const Conversation& conversation, ChatWriter& out) {
  FATHOM_CHECK(check_no_tool_lists(conversation));
  out.text(system_text(conversation, Systems::joined));
  ChatRole last = ChatRole::system;  // of the messages that are not
  for (const ChatMessage& message : conversation.messages) {
    switch (message.role) {
      case ChatRole::system:
        continue;
      case ChatRole::user:
        out.layout(kUserTurn).text(content_of(message));
        break;
      case ChatRole::assistant:
        if (last == ChatRole::user) out.layout(kAssistantTurn).layout(kThinkEnd);
        if (!message.tool_calls.empty())
          write_calls(message, out);
        else
          out.text(behind_first_reasoning(content_of(message))).layout(kEndOfSentence);
        break;
      case ChatRole::tool:
        out.layout(kToolOutputBegin).text(content_of(message)).layout(kToolOutputEnd);
        break;
    }
    last = message.role;
  }
  if (conversation.options.adds_generation_prompt && last == ChatRole::user) {
    out.layout(kAssistantTurn);
    out.layout(conversation.options.thinking ? kThinkBegin : kThinkEnd);
  }
  return {};
}

}  // namespace fathom::completion
