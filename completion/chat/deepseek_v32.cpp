// DeepSeek-V3.2, with or without reasoning. It has no template but an encoder in Python; the
// assistant's header is part of the user's turn.
//
//   {system}<User>{user}<Assistant></think>{answer}<eos><User>{user}<Assistant><think>
//
// Answers behind the last user's turn keep their reasoning: they call tools, and the model goes on
// thinking about the results. Source: encoding_dsv32.py in deepseek-ai/DeepSeek-V3.2.

#include "completion/chat/dsml.h"
#include "completion/chat/encoders.h"

namespace fathom::completion {
namespace {

constexpr std::string_view kToolsBegin =
    "\n\n## Tools\n\n"
    "You have access to a set of tools you can use to answer the user's question.\n"
    "You can invoke functions by writing a \"<" FATHOM_DSML
    "function_calls>\" block like the following as part of your reply to the user:\n"
    "<" FATHOM_DSML
    "function_calls>\n"
    "<" FATHOM_DSML
    "invoke name=\"$FUNCTION_NAME\">\n"
    "<" FATHOM_DSML
    "parameter name=\"$PARAMETER_NAME\" string=\"true|false\">$PARAMETER_VALUE</" FATHOM_DSML
    "parameter>\n"
    "...\n"
    "</" FATHOM_DSML
    "invoke>\n"
    "<" FATHOM_DSML
    "invoke name=\"$FUNCTION_NAME2\">\n"
    "...\n"
    "</" FATHOM_DSML
    "invoke>\n"
    "</" FATHOM_DSML
    "function_calls>\n\n"
    "String and scalar parameters should be specified as is without any escaping or quotes, while "
    "lists and objects should use JSON format. The \"string\" attribute should be set to \"true\" "
    "for string type parameters and \"false\" for other types (numbers, booleans, arrays, "
    "objects).\n\n"
    "If the thinking_mode is enabled, then after function results you should strongly consider "
    "outputting a thinking block. Here is an example:\n\n"
    "<" FATHOM_DSML "function_calls>\n...\n</" FATHOM_DSML
    "function_calls>\n\n"
    "<function_results>\n...\n</function_results>\n\n"
    "<think>...thinking about results</think>\n\n"
    "Here are the functions available in JSONSchema format:\n<functions>\n";
constexpr std::string_view kToolsEnd = "\n</functions>\n";

class Encoder final {
 public:
  Encoder(const Conversation& conversation, ChatWriter& out)
      : messages_(conversation.messages), thinking_(conversation.options.thinking), out_(out) {
    for (size_t i = 0; i < messages_.size(); ++i)
      if (messages_[i].role == ChatRole::user) last_user_ = i;
  }

  Status encode() {
    for (size_t i = 0; i < messages_.size(); ++i) {
      switch (messages_[i].role) {
        case ChatRole::system:
          FATHOM_CHECK(write_system(messages_[i]));
          break;
        case ChatRole::user:
          out_.layout(kUserTurn).text(content_of(messages_[i])).layout(kAssistantTurn);
          write_mode(i == last_user_);
          break;
        case ChatRole::assistant:
          FATHOM_CHECK(write_answer(i));
          break;
        case ChatRole::tool:
          FATHOM_CHECK(write_result(i));
          break;
      }
    }
    return {};
  }

 private:
  void write_mode(bool is_current) {
    out_.layout(is_current && thinking_ ? kThinkBegin : kThinkEnd);
  }

  Status write_system(const ChatMessage& message) {
    out_.text(content_of(message));
    if (message.tools.empty()) return {};
    FATHOM_TRY(lines, tool_lines(message.tools));
    out_.layout(kToolsBegin).text(lines).layout(kToolsEnd);
    return {};
  }

  Status write_answer(size_t index) {
    const ChatMessage& message = messages_[index];
    if (thinking_ && index > last_user_) {
      if (message.reasoning.empty() && message.tool_calls.empty()) {
        return fail(ErrorCode::invalid_argument,
                    "message {}: an answer behind the last question has neither reasoning nor tool "
                    "calls, and the model is to think",
                    index);
      }
      out_.text(message.reasoning).layout(kThinkEnd);
    }
    out_.text(content_of(message));
    if (!message.tool_calls.empty())
      FATHOM_CHECK(write_dsml_calls(message.tool_calls, "function_calls", out_));
    out_.layout(kEndOfSentence);
    return {};
  }

  /// Results are in the order of the calls; the last of them ends the block.
  Status write_result(size_t index) {
    size_t caller = index;
    while (caller > 0 && messages_[caller].role == ChatRole::tool) --caller;
    const size_t number = index - caller;  // from 1
    const size_t n_calls = messages_[caller].tool_calls.size();
    if (number > n_calls) {
      return fail(ErrorCode::invalid_argument, "message {}: a result of a tool that was not called",
                  index);
    }
    if (number == 1) out_.layout("\n\n<function_results>");
    out_.layout("\n<result>").text(content_of(messages_[index])).layout("</result>");
    if (number == n_calls) {
      out_.layout("\n</function_results>\n\n");
      write_mode(index >= last_user_);
    }
    return {};
  }

  const std::span<const ChatMessage> messages_;
  const bool thinking_;
  ChatWriter& out_;
  size_t last_user_ = 0;
};

}  // namespace

Status encode_deepseek_v32(const Conversation& conversation, ChatWriter& out) {
  return Encoder(conversation, out).encode();
}

}  // namespace fathom::completion
