// A request that waits for a model and then takes long: its reply, and its progress where the
// client shows that.
//
// The progress goes to a token of the client's or to one that it was asked to take, between one
// begin and one end. While the model loads it says how far that is.
//
// Main thread only.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "completion/assistant.h"
#include "engine/base/result.h"
#include "lsp/client_models.h"
#include "lsp/event_loop.h"
#include "lsp/json.h"
#include "lsp/json_rpc.h"
#include "lsp/reply.h"
#include "lsp/router.h"

namespace fathom::lsp {

class ModelRequest final : public std::enable_shared_from_this<ModelRequest> {
 public:
  using AssistantPtr = std::shared_ptr<completion::Assistant>;
  using OnAssistant = std::function<void(const Result<AssistantPtr>&)>;

  static constexpr completion::Role kRole = completion::Role::reasoning;

  struct Options {
    std::string title;                         // of the progress
    bool counts = false;                       // its reports have a percentage
    std::optional<RequestId> work_done_token;  // the client's
    std::string own_token;  // if it gave none: ask it to take this one; "": do without
  };

  /// `router` must outlive the request.
  static std::shared_ptr<ModelRequest> start(Router& router, Options options, Reply reply);
  ModelRequest(const ModelRequest&) = delete;
  ModelRequest& operator=(const ModelRequest&) = delete;
  ~ModelRequest() = default;

  /// Calls `then` once, later, unless the request goes first: with the assistant; or with why there
  /// is none, for people; or with ErrorCode::cancelled if nobody waits any more.
  void wait_for_assistant(ClientModels& models, const Poster& post, OnAssistant then);
  /// The model that is waited for may have come further.
  void update(const ClientModels& models);

  /// Drops what nobody would see.
  void report(const Json& value);
  bool reports_to(const RequestId& token) const { return token_ == token; }
  /// Answers with "cancelled" and tells the work to stop.
  void cancel(std::string_view why);
  /// Ends the progress, whatever has become of the request.
  void end();
  Reply& reply() { return reply_; }

 private:
  ModelRequest(Router& router, Options options, Reply reply);

  void begin_on(RequestId token);

  Router& router_;
  const Options options_;
  Reply reply_;
  std::optional<RequestId> token_;  // of the progress that was begun
  bool waits_ = true;               // for the model
  bool has_ended_ = false;
};

}  // namespace fathom::lsp
