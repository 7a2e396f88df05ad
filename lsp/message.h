// JSON-RPC messages by their kind, and the parts that both ends of a connection read and write.
//
// Plain functions, any thread.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lsp/json.h"
#include "lsp/json_rpc.h"

namespace fathom::lsp {

enum class MessageKind { request, notification, response, unreadable };

struct MessageHead {
  MessageKind kind = MessageKind::unreadable;
  std::optional<RequestId>
      id;              // of a request, and of a response unless it answers nothing readable
  std::string method;  // of a request or notification
  RpcError code = RpcError::invalid_request;  // what an unreadable message is answered with
  std::string_view problem;                   // and why it cannot be read
};

/// `message` may be anything that parse_json gives, a discarded value too.
MessageHead read_head(const Json& message);

/// The parameters; an empty object if there are none.
Json params_of(const Json& message);

Json request_message(const RequestId& id, std::string_view method, const Json& params);
Json notification_message(std::string_view method, const Json& params);
Json result_message(const RequestId& id, const Json& result);
/// `id` is null if what was sent could not be read as a message.
Json error_message(const Json& id, RpcError code, std::string_view message);

}  // namespace fathom::lsp
