#include "completion/chat/dsml.h"

#include <nlohmann/json.hpp>

namespace fathom::completion {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxDepth = 64;  // of JSON: what recursion over it may cost

/// Errors: invalid_argument. `what` is for the message.
Result<Json> parse(std::string_view text, std::string_view what) {
  bool is_too_deep = false;
  const auto keep = [&](int depth, Json::parse_event_t, const Json&) {
    is_too_deep |= depth > kMaxDepth;
    return !is_too_deep;
  };
  Json json = Json::parse(text, keep, false);
  if (json.is_discarded() || is_too_deep)
    return fail(ErrorCode::invalid_argument, "{} is not JSON, or nested too deeply", what);
  return json;
}

/// As Python's json.dumps(ensure_ascii=False) writes it: a blank behind each comma and colon.
void write_json(const Json& json, std::string& out) {
  if (!json.is_structured()) {
    out += json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return;
  }
  out += json.is_object() ? '{' : '[';
  std::string_view separator;
  for (const auto& [key, value] : json.items()) {
    out += separator;
    separator = ", ";
    if (json.is_object()) {
      write_json(Json(key), out);
      out += ": ";
    }
    write_json(value, out);
  }
  out += json.is_object() ? '}' : ']';
}

Status write_call(const ToolCall& call, ChatWriter& out) {
  FATHOM_TRY(arguments, parse(call.arguments, "the arguments of a tool call"));
  if (!arguments.is_object()) {
    return fail(ErrorCode::invalid_argument, "the arguments of a tool call are not a JSON object");
  }
  out.layout("\n<" FATHOM_DSML "invoke name=\"").text(call.name).layout("\">");
  for (const auto& [name, value] : arguments.items()) {
    out.layout("\n<" FATHOM_DSML "parameter name=\"").text(name);
    if (value.is_string()) {
      out.layout("\" string=\"true\">").text(value.get_ref<const std::string&>());
    } else {
      std::string text;
      write_json(value, text);
      out.layout("\" string=\"false\">").text(text);
    }
    out.layout("</" FATHOM_DSML "parameter>");
  }
  // Without arguments Python's template leaves an empty line.
  if (arguments.empty()) out.layout("\n");
  out.layout("\n</" FATHOM_DSML "invoke>");
  return {};
}

}  // namespace

Status write_dsml_calls(std::span<const ToolCall> calls, std::string_view block, ChatWriter& out) {
  out.layout("\n\n<" FATHOM_DSML).layout(block).layout(">");
  for (const ToolCall& call : calls) FATHOM_CHECK(write_call(call, out));
  out.layout("\n</" FATHOM_DSML).layout(block).layout(">");
  return {};
}

Result<std::string> tool_lines(std::span<const std::string> tools) {
  std::string lines;
  for (const std::string& tool : tools) {
    FATHOM_TRY(json, parse(tool, "a tool"));
    if (!lines.empty()) lines += '\n';
    write_json(json, lines);
  }
  return lines;
}

}  // namespace fathom::completion
