// The duty to answer one request.
//
// Invariant: every request is answered exactly once. The first of ok(), fail(), cancellation by the
// client, and destruction (which answers "internal error") counts; later ones do nothing. So a
// handler may move a Reply into its books and forget about cancellation.
//
// Main thread only. Must not outlive its Router.

#pragma once

#include <memory>
#include <string_view>

#include "engine/base/cancel.h"
#include "lsp/json.h"
#include "lsp/json_rpc.h"

namespace fathom::lsp {

class Router;

/// A request that was received. Shared by the Router, which may cancel it, and its Reply.
struct Call {
  RequestId id;
  CancelSource cancel;
  bool answered = false;
};

class Reply final {
 public:
  Reply(Router& router, std::shared_ptr<Call> call);
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) = delete;
  ~Reply();

  void ok(const Json& result);
  void fail(RpcError code, std::string_view message);

  /// True after ok(), fail() or a cancellation: nobody waits for the work any more.
  bool answered() const { return call_->answered; }
  /// For the work behind the answer; set when the client cancels the request.
  CancelToken cancel_token() const { return call_->cancel.token(); }
  /// Tells the work to stop, for a reason of the server's own.
  void cancel_work() { call_->cancel.cancel(); }

 private:
  Router* router_;
  std::shared_ptr<Call> call_;  // null when moved from
};

}  // namespace fathom::lsp
