#include "lsp/router.h"

#include <exception>

#include <nlohmann/json.hpp>

#include "lsp/json_text.h"
#include "lsp/protocol.h"

namespace fathom::lsp {

Router::Router(Transport& transport, Log& log, Gate gate)
    : transport_(transport), log_(log), gate_(std::move(gate)) {}

void Router::receive(std::string_view body) {
  try {
    dispatch(parse_json(body));
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
  const MessageHead head = read_head(message);
  switch (head.kind) {
    case MessageKind::unreadable:
      return reject(head.code, head.problem);
    case MessageKind::response:
      return handle_response(head, message);
    case MessageKind::notification:
      return handle_notification(head.method, params_of(message));
    case MessageKind::request:
      return handle_request(head, params_of(message));
  }
}

void Router::handle_request(const MessageHead& head, const Json& params) {
  const RequestId& id = *head.id;
  const std::string& method = head.method;
  if (in_flight_.contains(id)) {
    return send(error_message(to_json(id), RpcError::invalid_request,
                              "another request with this id is not answered yet"));
  }
  const auto call = std::make_shared<Call>(Call{.id = id, .cancel = {}});
  in_flight_.emplace(id, call);
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

void Router::handle_response(const MessageHead& head, const Json& message) {
  if (!head.id || !std::holds_alternative<int64_t>(*head.id)) return;
  const auto found = sent_.find(std::get<int64_t>(*head.id));
  if (found == sent_.end()) return log_.debug("the client answered a request nobody sent");
  const OnResult on_result = std::move(found->second);
  sent_.erase(found);
  const auto result = message.find("result");
  const Json none;
  if (message.contains("error")) return on_result(nullptr);
  on_result(result == message.end() ? &none : &*result);
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
  send(notification_message(method, params));
}

void Router::request(std::string_view method, const Json& params, OnResponse on_response) {
  request_result(method, params, [on_response = std::move(on_response)](const Json* result) {
    on_response(result != nullptr);
  });
}

void Router::request_result(std::string_view method, const Json& params, OnResult on_result) {
  const int64_t id = ++last_sent_;
  sent_.emplace(id, std::move(on_result));
  send(request_message(id, method, params));
}

void Router::answer(Call& call, const Json& result) {
  if (!finish(call)) return;
  send(result_message(call.id, result));
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
