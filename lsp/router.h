// JSON-RPC: message texts in, calls of typed handlers out, answers back.
//
// Requests and notifications are rows in tables; what is not in them is answered "method not
// found", or ignored. Parameters are read by `Status parse(const Json&, Params&)`, found by the
// type of Params (protocol.h); a request whose parameters do not fit is answered "invalid params".
//
// The one place in lsp/ that catches exceptions of the JSON library: one bad message costs one
// answer, never the session. Main thread only.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "engine/base/log.h"
#include "engine/base/result.h"
#include "lsp/json.h"
#include "lsp/json_rpc.h"
#include "lsp/message.h"
#include "lsp/reply.h"
#include "lsp/transport.h"

namespace fathom::lsp {

/// Why a message may not be handled now.
struct Refusal {
  RpcError code = RpcError::invalid_request;
  std::string_view message;
};

class Router final {
 public:
  /// Asked before every request and notification; a refused notification is dropped.
  using Gate = std::function<std::optional<Refusal>(std::string_view method)>;
  /// `ok` is false if the client answered with an error.
  using OnResponse = std::function<void(bool ok)>;
  /// Null if the client answered with an error.
  using OnResult = std::function<void(const Json* result)>;

  Router(Transport& transport, Log& log, Gate gate);

  template <class Params>
  void on_request(std::string method, std::function<void(const Params&, Reply)> handler) {
    requests_.emplace(std::move(method), [handler](const Json& json, Reply reply) {
      Params params;
      if (const Status status = parse(json, params); !status)
        return reply.fail(RpcError::invalid_params, status.error().message);
      handler(params, std::move(reply));
    });
  }

  template <class Params>
  void on_notification(std::string method, std::function<void(const Params&)> handler) {
    notifications_.emplace(std::move(method), [handler](const Json& json) -> Status {
      Params params;
      FATHOM_CHECK(parse(json, params));
      handler(params);
      return {};
    });
  }

  /// One message as it came. Never throws; answers what must be answered.
  void receive(std::string_view body);
  /// Tells the client that what it sent could not be read as a message.
  void reject(RpcError code, std::string_view message);

  /// Answers the request with "cancelled" and tells its work to stop. Unknown ids are those of
  /// requests that were answered already: nothing happens.
  void cancel(const RequestId& id);
  void cancel_all();

  void notify(std::string_view method, const Json& params);
  void request(std::string_view method, const Json& params, OnResponse on_response);
  void request_result(std::string_view method, const Json& params, OnResult on_result);

 private:
  friend class Reply;
  using RequestHandler = std::function<void(const Json&, Reply)>;
  using NotificationHandler = std::function<Status(const Json&)>;

  void dispatch(const Json& message);
  void handle_request(const MessageHead& head, const Json& params);
  void handle_notification(const std::string& method, const Json& params);
  void handle_response(const MessageHead& head, const Json& message);
  void answer(Call& call, const Json& result);
  void answer_error(Call& call, RpcError code, std::string_view message);
  bool finish(Call& call);
  void send(const Json& message);

  Transport& transport_;
  Log& log_;
  Gate gate_;
  std::unordered_map<std::string, RequestHandler> requests_;
  std::unordered_map<std::string, NotificationHandler> notifications_;
  std::map<RequestId, std::shared_ptr<Call>> in_flight_;  // received and not answered
  std::map<int64_t, OnResult> sent_;                      // of ours, not answered by the client
  int64_t last_sent_ = 0;
};

}  // namespace fathom::lsp
