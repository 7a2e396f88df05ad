// DeepSeek-Coder v1 and v1.5 instruct, and DeepSeek-VL2-small:
//
//   {system}### Instruction:\n{user}\n### Response:\n{answer}\n<|EOT|>\n### Response:\n
//
// Source: chat_template of deepseek-ai/deepseek-coder-33b-instruct and of deepseek-vl2-small.

#include "completion/chat/encoders.h"

namespace fathom::completion {
namespace {

// The model answers as this text says: it refuses what is not computer science. A caller that
// wants something else brings a system message.
#define FATHOM_DEFAULT_SYSTEM                                                              \
  "You are an AI programming assistant, utilizing the Deepseek Coder model, developed by " \
  "Deepseek Company, and you only answer questions related to computer science. For "      \
  "politically sensitive questions, security and privacy issues, and other non-computer "  \
  "science questions, you will refuse to answer"

bool has_system(const Conversation& conversation) {
  for (const ChatMessage& message : conversation.messages)
    if (message.role == ChatRole::system) return true;
  return false;
}

}  // namespace

Status encode_deepseek_coder(const Conversation& conversation, ChatWriter& out) {
  FATHOM_CHECK(check_no_tools(conversation));
  // VL2's template forgets that it has seen a system message, and always opens the answer.
  const bool is_vl2 = conversation.chat.format == engine::ChatFormat::deepseek_vl2;
  if (is_vl2)
    out.layout(FATHOM_DEFAULT_SYSTEM ".\n");
  else if (!has_system(conversation))
    out.layout(FATHOM_DEFAULT_SYSTEM "\n");

  for (const ChatMessage& message : conversation.messages) {
    if (message.role == ChatRole::system)
      out.text(content_of(message));
    else if (message.role == ChatRole::user)
      out.layout("### Instruction:\n").text(content_of(message)).layout("\n");
    else
      out.layout("### Response:\n").text(content_of(message)).layout("\n<|EOT|>\n");
  }
  if (is_vl2 || conversation.options.adds_generation_prompt) out.layout("### Response:\n");
  return {};
}

#undef FATHOM_DEFAULT_SYSTEM

}  // namespace fathom::completion
