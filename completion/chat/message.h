// A conversation, as chat models know it.

#pragma once

#include <optional>
#include <string>
#include <vector>

namespace fathom::completion {

enum class ChatRole { system, user, assistant, tool };

/// What an assistant asks to have called.
struct ToolCall {
  std::string id;
  std::string type = "function";
  std::string name;
  std::string arguments;  // a JSON object, as text
};

struct ChatMessage {
  ChatRole role = ChatRole::user;
  std::optional<std::string> content;  // an assistant that only calls tools may have none
  // Of an assistant:
  std::string reasoning;
  std::vector<ToolCall> tool_calls;
  // Of a tool:
  std::string tool_call_id;  // "": results are in the order of the calls
  // Of a system message: the tools there are, each a JSON object with name, description and
  // parameters.
  std::vector<std::string> tools;
};

}  // namespace fathom::completion
