#include "lsp/model_request.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lsp/progress.h"

namespace fathom::lsp {

std::shared_ptr<ModelRequest> ModelRequest::start(Router& router, Options options, Reply reply) {
  const std::shared_ptr<ModelRequest> request(
      new ModelRequest(router, std::move(options), std::move(reply)));
  const Options& asked = request->options_;
  if (asked.work_done_token) {
    request->begin_on(*asked.work_done_token);
  } else if (!asked.own_token.empty()) {
    router.request("window/workDoneProgress/create", {{"token", asked.own_token}},
                   [weak = std::weak_ptr(request)](bool ok) {
                     const auto open = weak.lock();
                     if (ok && open && !open->has_ended_) open->begin_on(open->options_.own_token);
                   });
  }
  return request;
}

ModelRequest::ModelRequest(Router& router, Options options, Reply reply)
    : router_(router), options_(std::move(options)), reply_(std::move(reply)) {}

void ModelRequest::begin_on(RequestId token) {
  Json value = {{"title", options_.title}, {"cancellable", true}};
  if (options_.counts) value["percentage"] = 0;  // without it clients ignore those that follow
  begin_progress(router_, token, value);
  token_ = std::move(token);
}

void ModelRequest::wait_for_assistant(ClientModels& models, const Poster& post, OnAssistant then) {
  update(models);
  // Not an owner: the host lets go of it on another thread.
  models.when_ready(kRole, [weak = weak_from_this(), post,
                            then = std::move(then)](const Result<AssistantPtr>& assistant) {
    post([weak, then, assistant] {
      const auto self = weak.lock();
      if (!self) return;
      self->waits_ = false;
      if (self->reply_.answered()) return then(fail(ErrorCode::cancelled, "cancelled"));
      if (assistant) return then(assistant);
      then(fail(assistant.error().code, "the model could not be loaded: {}",
                assistant.error().message));
    });
  });
}

void ModelRequest::update(const ClientModels& models) {
  if (!waits_) return;
  if (const std::string server = models.open_question(kRole); !server.empty())
    return report({{"message", words_of_waiting(server)}});
  const completion::ModelState state = models.state(kRole);
  if (state.phase != completion::ModelState::Phase::loading) return;
  report({{"message", fmt::format("loading the model, {} %", int(state.progress * 100))}});
}

void ModelRequest::report(const Json& value) {
  if (token_ && !reply_.answered()) report_progress(router_, *token_, value);
}

void ModelRequest::cancel(std::string_view why) {
  reply_.cancel_work();
  reply_.fail(RpcError::request_cancelled, why);
}

void ModelRequest::end() {
  has_ended_ = true;
  if (token_) end_progress(router_, *token_, {});
}

}  // namespace fathom::lsp
