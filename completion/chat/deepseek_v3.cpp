// DeepSeek-V2.5, V3, R1 and R1's distillations of Qwen2.5 and Llama:
//
//   {system}<User>{user}<Assistant>{answer}<eos><User>{user}<Assistant>          V2.5, V3
//   ...<User>{user}<Assistant><think>\n                                          R1
//
// Source: their chat_template. Those of V2.5, V3 and the distillations count tool calls over the
// whole conversation and close only the second of a turn; a turn's calls are taken here as if it
// were the first that has any.

#include "completion/chat/encoders.h"

namespace fathom::completion {
namespace {

struct Layout {
  Systems systems;
  bool closes_single_call;  // and puts an answer's text before its calls
  std::string_view between_outputs;
  bool reasons;
};

Layout layout_of(engine::ChatFormat format) {
  switch (format) {
    case engine::ChatFormat::deepseek_r1:
      return {Systems::joined, true, "", true};
    case engine::ChatFormat::r1_distill:
      return {Systems::last, false, "\n", true};
    case engine::ChatFormat::deepseek_v2_5:
      return {Systems::last, false, "\n", false};
    default:
      return {Systems::joined, false, "\n", false};
  }
}

void write_calls(const ChatMessage& message, const Layout& layout, ChatWriter& out) {
  out.layout(kAssistantTurn);
  if (layout.closes_single_call) out.text(content_of(message));
  out.layout(kToolCallsBegin);
  for (size_t i = 0; i < message.tool_calls.size(); ++i) {
    if (i > 0) out.layout("\n");
    write_fenced_call(message.tool_calls[i], out);
  }
  if (layout.closes_single_call || message.tool_calls.size() > 1)
    out.layout(kToolCallsEnd).layout(kEndOfSentence);
}

}  // namespace

Status encode_deepseek_v3(const Conversation& conversation, ChatWriter& out) {
  FATHOM_CHECK(check_no_tool_lists(conversation));
  const Layout layout = layout_of(conversation.chat.format);
  out.text(system_text(conversation, layout.systems));
  bool in_outputs = false;
  for (const ChatMessage& message : conversation.messages) {
    if (message.role == ChatRole::system) continue;
    if (message.role == ChatRole::tool) {
      out.layout(in_outputs ? layout.between_outputs : kToolOutputsBegin);
      out.layout(kToolOutputBegin).text(content_of(message)).layout(kToolOutputEnd);
      in_outputs = true;
      continue;
    }
    if (in_outputs) out.layout(kToolOutputsEnd);
    if (message.role == ChatRole::user) {
      out.layout(kUserTurn).text(content_of(message));
    } else if (!message.tool_calls.empty()) {
      write_calls(message, layout, out);
    } else {
      if (!in_outputs) out.layout(kAssistantTurn);
      out.text(layout.reasons ? behind_reasoning(content_of(message)) : content_of(message));
      out.layout(kEndOfSentence);
    }
    in_outputs = false;
  }
  if (in_outputs) {
    out.layout(kToolOutputsEnd);  // the model goes on in the turn that called
  } else if (conversation.options.adds_generation_prompt) {
    out.layout(kAssistantTurn);
    if (layout.reasons) out.layout(kThinkBegin).layout("\n");
  }
  return {};
}

}  // namespace fathom::completion
