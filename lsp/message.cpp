#include "lsp/message.h"

#include <cstdint>

#include <nlohmann/json.hpp>

#include "lsp/protocol.h"

namespace fathom::lsp {
namespace {

std::optional<RequestId> read_id(const Json& message) {
  const auto id = message.find("id");
  if (id == message.end()) return std::nullopt;
  if (id->is_string()) return id->get<std::string>();
  const bool fits = !id->is_number_unsigned() || id->get<uint64_t>() <= INT64_MAX;
  if (id->is_number_integer() && fits) return id->get<int64_t>();
  return std::nullopt;
}

MessageHead unreadable(std::string_view problem, RpcError code = RpcError::invalid_request) {
  return {
      .kind = MessageKind::unreadable, .id = {}, .method = {}, .code = code, .problem = problem};
}

}  // namespace

MessageHead read_head(const Json& message) {
  if (message.is_discarded()) return unreadable("the message is not JSON", RpcError::parse_error);
  if (message.is_array()) return unreadable("batches are not part of the protocol");
  if (!message.is_object()) return unreadable("the message is not a JSON object");

  const auto method = message.find("method");
  const bool has_id = message.contains("id");
  if (method == message.end()) {
    if (!has_id || !(message.contains("result") || message.contains("error")))
      return unreadable("the message has no method");
    return {.kind = MessageKind::response, .id = read_id(message)};
  }
  if (!method->is_string()) return unreadable("method is not a string");
  if (!has_id) return {.kind = MessageKind::notification, .id = {}, .method = *method};
  std::optional<RequestId> id = read_id(message);
  if (!id) return unreadable("id is neither an integer nor a string");
  return {.kind = MessageKind::request, .id = std::move(id), .method = *method};
}

Json params_of(const Json& message) {
  const auto found = message.find("params");
  return found == message.end() || found->is_null() ? Json::object() : *found;
}

Json request_message(const RequestId& id, std::string_view method, const Json& params) {
  return {{"jsonrpc", "2.0"}, {"id", to_json(id)}, {"method", method}, {"params", params}};
}

Json notification_message(std::string_view method, const Json& params) {
  return {{"jsonrpc", "2.0"}, {"method", method}, {"params", params}};
}

Json result_message(const RequestId& id, const Json& result) {
  return {{"jsonrpc", "2.0"}, {"id", to_json(id)}, {"result", result}};
}

Json error_message(const Json& id, RpcError code, std::string_view message) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", int(code)}, {"message", message}}}};
}

}  // namespace fathom::lsp
