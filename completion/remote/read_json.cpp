#include "completion/remote/read_json.h"

#include <nlohmann/json.hpp>

namespace fathom::completion {
namespace {

constexpr int kMaxDepth = 32;
constexpr size_t kMaxMessageBytes = 200;

}  // namespace

const Json* find(const Json& json, const char* name) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(name);
  return found == json.end() || found->is_null() ? nullptr : &*found;
}

std::optional<int64_t> as_integer(const Json& json) {
  if (!json.is_number_integer()) return std::nullopt;
  return json.get<int64_t>();
}

std::optional<int64_t> integer_in(const Json& json, const char* name) {
  const Json* value = find(json, name);
  return value ? as_integer(*value) : std::nullopt;
}

std::optional<double> number_in(const Json& json, const char* name) {
  const Json* value = find(json, name);
  if (!value || !value->is_number()) return std::nullopt;
  return value->get<double>();
}

bool flag_in(const Json& json, const char* name) {
  const Json* value = find(json, name);
  return value && value->is_boolean() && value->get<bool>();
}

std::string text_in(const Json& json, const char* name) {
  const Json* value = find(json, name);
  return value && value->is_string() ? value->get<std::string>() : "";
}

tl::unexpected<Error> unexpected(std::string_view what) {
  return fail(ErrorCode::corrupt, "the server's answer is not what it should be: {}", what);
}

Result<Json> parse_object(std::string_view text) {
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t, Json&) {
    too_deep |= depth > kMaxDepth;
    return !too_deep;
  };
  Json json = Json::parse(text, watch, /*allow_exceptions=*/false);
  if (too_deep) return unexpected("it is nested too deeply");
  if (!json.is_object()) return unexpected("it is no JSON object");
  return json;
}

Result<Json> parse_reply(std::string_view text) {
  FATHOM_TRY(json, parse_object(text));
  if (!find(json, "error")) return json;
  const std::string message = server_message(text);
  return fail(ErrorCode::io, "the server failed{}{}", message.empty() ? "" : ": ", message);
}

std::string server_message(std::string_view body) {
  const Result<Json> json = parse_object(body);
  if (!json) return {};
  std::string message;
  const Json* error = find(*json, "error");
  if (error && error->is_string()) message = error->get<std::string>();
  if (message.empty() && error) message = text_in(*error, "message");
  for (const char* name : {"message", "detail"})
    if (message.empty()) message = text_in(*json, name);
  if (message.size() > kMaxMessageBytes) {
    message.resize(kMaxMessageBytes);
    // Not in the middle of a character.
    while (!message.empty() && (message.back() & 0x80)) message.pop_back();
  }
  for (char& c : message)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  return message;
}

}  // namespace fathom::completion
