// DeepSeek-V4, with or without reasoning. As V3.2, but results of tools are turns of the user:
//
//   <User><tool_result>{result}</tool_result><Assistant><think>
//
// With a list of tools all reasoning stays in the prompt; without, only that behind the last
// user's turn. Source: encoding_dsv4.py in deepseek-ai/DeepSeek-V4-Flash.

#include <algorithm>
#include <vector>

#include "completion/chat/dsml.h"
#include "completion/chat/encoders.h"

namespace fathom::completion {
namespace {

constexpr std::string_view kToolsBegin =
    "\n\n## Tools\n\n"
    "You have access to a set of tools to help answer the user's question. You can invoke tools by "
    "writing a \"<" FATHOM_DSML
    "tool_calls>\" block like the following:\n\n"
    "<" FATHOM_DSML
    "tool_calls>\n"
    "<" FATHOM_DSML
    "invoke name=\"$TOOL_NAME\">\n"
    "<" FATHOM_DSML
    "parameter name=\"$PARAMETER_NAME\" string=\"true|false\">$PARAMETER_VALUE</" FATHOM_DSML
    "parameter>\n"
    "...\n"
    "</" FATHOM_DSML
    "invoke>\n"
    "<" FATHOM_DSML
    "invoke name=\"$TOOL_NAME2\">\n"
    "...\n"
    "</" FATHOM_DSML
    "invoke>\n"
    "</" FATHOM_DSML
    "tool_calls>\n\n"
    "String parameters should be specified as is and set `string=\"true\"`. For all other types "
    "(numbers, booleans, arrays, objects), pass the value in JSON format and set "
    "`string=\"false\"`.\n\n"
    "If thinking_mode is enabled (triggered by <think>), you MUST output your complete reasoning "
    "inside <think>...</think> BEFORE any tool calls or final response.\n\n"
    "Otherwise, output directly after </think> with tool calls or final response.\n\n"
    "### Available Tool Schemas\n\n";
constexpr std::string_view kToolsEnd =
    "\n\nYou MUST strictly follow the above defined tool name and parameter schemas to invoke tool "
    "calls.\n";

bool is_of_user(const ChatMessage& message) {
  return message.role == ChatRole::user || message.role == ChatRole::tool;
}

class Encoder final {
 public:
  Encoder(const Conversation& conversation, ChatWriter& out)
      : messages_(conversation.messages), thinking_(conversation.options.thinking), out_(out) {
    for (size_t i = 0; i < messages_.size(); ++i) {
      if (is_of_user(messages_[i])) last_user_ = i;
      keeps_reasoning_ |= !messages_[i].tools.empty();
    }
  }

  Status encode() {
    for (size_t i = 0; i < messages_.size();) {
      const ChatMessage& message = messages_[i];
      if (is_of_user(message)) {
        i = write_user_turn(i);
        continue;
      }
      if (message.role == ChatRole::system)
        FATHOM_CHECK(write_system(message));
      else
        FATHOM_CHECK(write_answer(i));
      ++i;
    }
    return {};
  }

 private:
  Status write_system(const ChatMessage& message) {
    out_.text(content_of(message));
    if (message.tools.empty()) return {};
    FATHOM_TRY(lines, tool_lines(message.tools));
    out_.layout(kToolsBegin).text(lines).layout(kToolsEnd);
    return {};
  }

  /// Neighbouring messages of user and tools are one turn. Gives the index behind it.
  size_t write_user_turn(size_t begin) {
    size_t end = begin;
    while (end < messages_.size() && is_of_user(messages_[end])) ++end;
    std::vector<const ChatMessage*> parts;
    for (size_t i = begin; i < end; ++i) parts.push_back(&messages_[i]);
    sort_results(begin, parts);

    out_.layout(kUserTurn);
    for (size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) out_.layout("\n\n");
      if (parts[i]->role == ChatRole::user)
        out_.text(content_of(*parts[i]));
      else
        out_.layout("<tool_result>").text(content_of(*parts[i])).layout("</tool_result>");
    }
    if (end < messages_.size() && messages_[end].role != ChatRole::assistant) return end;
    const bool thinks = thinking_ && (keeps_reasoning_ || end > last_user_);
    out_.layout(kAssistantTurn).layout(thinks ? kThinkBegin : kThinkEnd);
    return end;
  }

  /// Results among `parts` into the order of the calls that are answered, in the places they have.
  void sort_results(size_t begin, std::vector<const ChatMessage*>& parts) const {
    if (begin == 0) return;
    const std::vector<ToolCall>& calls = messages_[begin - 1].tool_calls;
    const auto place_of = [&](const ChatMessage* result) {
      return std::ranges::find(calls, result->tool_call_id, &ToolCall::id) - calls.begin();
    };
    std::vector<const ChatMessage*> results;
    for (const ChatMessage* part : parts)
      if (part->role == ChatRole::tool) results.push_back(part);
    std::ranges::stable_sort(results, {}, place_of);
    auto next = results.begin();
    for (const ChatMessage*& part : parts)
      if (part->role == ChatRole::tool) part = *next++;
  }

  Status write_answer(size_t index) {
    const ChatMessage& message = messages_[index];
    if (thinking_ && (keeps_reasoning_ || index > last_user_))
      out_.text(message.reasoning).layout(kThinkEnd);
    out_.text(content_of(message));
    if (!message.tool_calls.empty())
      FATHOM_CHECK(write_dsml_calls(message.tool_calls, "tool_calls", out_));
    out_.layout(kEndOfSentence);
    return {};
  }

  const std::span<const ChatMessage> messages_;
  const bool thinking_;
  ChatWriter& out_;
  size_t last_user_ = 0;
  bool keeps_reasoning_ = false;
};

}  // namespace

Status encode_deepseek_v4(const Conversation& conversation, ChatWriter& out) {
  return Encoder(conversation, out).encode();
}

}  // namespace fathom::completion
