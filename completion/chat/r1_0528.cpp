// DeepSeek-R1-0528 and its distillation of Qwen3. The user's turn ends in the assistant's header;
// the model opens its reasoning itself.
//
//   {system}<User>{user}<Assistant>{answer}<eos><User>{user}<Assistant>
//
// Source: chat_template of deepseek-ai/DeepSeek-R1-0528-Qwen3-8B.

#include "completion/chat/encoders.h"

namespace fathom::completion {
namespace {

Status write_calls(const ChatMessage& message, ChatWriter& out) {
  if (!message.content) {
    return fail(ErrorCode::unsupported,
                "the chat format r1-0528 has no tool calls without content; give \"\"");
  }
  out.text(behind_reasoning(*message.content)).layout(kToolCallsBegin);
  for (size_t i = 0; i < message.tool_calls.size(); ++i) {
    if (i > 0) out.layout("\n");
    write_fenced_call(message.tool_calls[i], out);
  }
  out.layout(kToolCallsEnd).layout(kEndOfSentence);
  return {};
}

}  // namespace

Status encode_r1_0528(const Conversation& conversation, ChatWriter& out) {
  FATHOM_CHECK(check_no_tool_lists(conversation));
  out.text(system_text(conversation, Systems::joined));
  bool in_outputs = false;
  bool has_header = false;
  for (const ChatMessage& message : conversation.messages) {
    if (message.role == ChatRole::system) continue;
    has_header = message.role == ChatRole::user;
    if (message.role == ChatRole::tool) {
      out.layout(in_outputs ? std::string_view("\n") : kToolOutputsBegin);
      out.layout(kToolOutputBegin).text(content_of(message)).layout(kToolOutputEnd);
      in_outputs = true;
      continue;
    }
    if (in_outputs) out.layout(kToolOutputsEnd);
    in_outputs = false;
    if (message.role == ChatRole::user)
      out.layout(kUserTurn).text(content_of(message)).layout(kAssistantTurn);
    else if (!message.tool_calls.empty())
      FATHOM_CHECK(write_calls(message, out));
    else
      out.text(behind_reasoning(content_of(message))).layout(kEndOfSentence);
  }
  if (in_outputs) {
    out.layout(kToolOutputsEnd);
  } else if (conversation.options.adds_generation_prompt && !has_header) {
    out.layout(kAssistantTurn);
  }
  return {};
}

}  // namespace fathom::completion
