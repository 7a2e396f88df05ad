#include "lsp/router.h"

#include <exception>

#include <nlohmann/json.hpp>

#include "lsp/json_text.h"
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

Json error_message(const Json& id, RpcError code, std::string_view message) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", int(code)}, {"message", message}}}};
}

}  // namespace

Router::Router(Transport& transport, Log& log, Gate gate)
    : transport_(transport), log_(log), gate_(std::move(gate)) {}

void Router::receive(std::string_view body) {
  try {
    const Json message = parse_json(body);
    if (message.is_discarded()) return reject(RpcError::parse_error, "the message is not JSON");
    if (message.is_array())
      return reject(RpcError::invalid_request, "batches are not part of the protocol");
    if (!message.is_object())
      return reject(RpcError::invalid_request, "the message is not a JSON object");
    dispatch(message);
  } catch (const std::exception& error) {
    // The Reply of a request was destroyed on the way here and has answered.
    log_.error("a message could not be handled: {}", error.what());
  }
}

void Router::reject(RpcError code, std::string_view message) {
  log_.warning("message refused: {}", message);
  send(error_message(nullptr, code, message));
}

void Router::dispatch(const Json& message) {
  const auto method = message.find("method");
  const bool has_id = message.contains("id");
  if (method == message.end()) {
    if (has_id && (message.contains("result") || message.contains("error")))
      return handle_response(message);
    return reject(RpcError::invalid_request, "the message has no method");
  }
  if (!method->is_string()) return reject(RpcError::invalid_request, "method is not a string");

  const auto found = message.find("params");
  const Json params = found == message.end() || found->is_null() ? Json::object() : *found;
  if (has_id) {
    handle_request(method->get<std::string>(), message, params);
  } else {
    handle_notification(method->get<std::string>(), params);
  }
}

void Router::handle_request(const std::string& method, const Json& message, const Json& params) {
  const std::optional<RequestId> id = read_id(message);
  if (!id) return reject(RpcError::invalid_request, "id is neither an integer nor a string");
  if (in_flight_.contains(*id)) {
    return send(error_message(to_json(*id), RpcError::invalid_request,
                              "another request with this id is not answered yet"));
  }
  const auto call = std::make_shared<Call>(Call{.id = *id, .cancel = {}});
  in_flight_.emplace(*id, call);
  Reply reply(*this, call);

  if (const std::optional<Refusal> refusal = gate_(method))
    return reply.fail(refusal->code, refusal->message);
  const auto handler = requests_.find(method);
  if (handler == requests_.end())
    return reply.fail(RpcError::method_not_found, "fathom does not know the method " + method);
  handler->second(params, std::move(reply));
}

void Router::handle_notification(const std::string& method, const Json& params) {
  if (gate_(method)) return log_.debug("notification out of turn: {}", method);
  const auto handler = notifications_.find(method);
  if (handler == notifications_.end()) return log_.debug("notification ignored: {}", method);
  if (const Status status = handler->second(params); !status)
    log_.warning("{}: {}", method, status.error().message);
}

void Router::handle_response(const Json& message) {
  const std::optional<RequestId> id = read_id(message);
  if (!id || !std::holds_alternative<int64_t>(*id)) return;
  const auto found = sent_.find(std::get<int64_t>(*id));
  if (found == sent_.end()) return log_.debug("the client answered a request nobody sent");
  const OnResponse on_response = std::move(found->second);
  sent_.erase(found);
  on_response(!message.contains("error"));
}

void Router::cancel(const RequestId& id) {
  const auto found = in_flight_.find(id);
  if (found == in_flight_.end()) return;
  const std::shared_ptr<Call> call = found->second;
  call->cancel.cancel();
  answer_error(*call, RpcError::request_cancelled, "cancelled");
}

void Router::cancel_all() {
  while (!in_flight_.empty()) cancel(RequestId(in_flight_.begin()->first));
}

void Router::notify(std::string_view method, const Json& params) {
  send({{"jsonrpc", "2.0"}, {"method", method}, {"params", params}});
}

void Router::request(std::string_view method, const Json& params, OnResponse on_response) {
  const int64_t id = ++last_sent_;
  sent_.emplace(id, std::move(on_response));
  send({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
}

void Router::answer(Call& call, const Json& result) {
  if (!finish(call)) return;
  send({{"jsonrpc", "2.0"}, {"id", to_json(call.id)}, {"result", result}});
}

void Router::answer_error(Call& call, RpcError code, std::string_view message) {
  if (!finish(call)) return;
  send(error_message(to_json(call.id), code, message));
}

bool Router::finish(Call& call) {
  if (call.answered) return false;
  call.answered = true;
  in_flight_.erase(call.id);
  return true;
}

void Router::send(const Json& message) { transport_.send(to_text(message)); }

}  // namespace fathom::lsp
