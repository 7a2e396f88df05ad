#include "lsp/reply.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "lsp/router.h"

namespace fathom::lsp {

Reply::Reply(Router& router, std::shared_ptr<Call> call)
    : router_(&router), call_(std::move(call)) {}

Reply::~Reply() {
  if (call_) fail(RpcError::internal_error, "the request was dropped; this is a bug in fathom");
}

void Reply::ok(const Json& result) { router_->answer(*call_, result); }

void Reply::fail(RpcError code, std::string_view message) {
  router_->answer_error(*call_, code, message);
}

}  // namespace fathom::lsp
