#include "lsp/model_slot.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "lsp/message_type.h"
#include "lsp/progress.h"

namespace fathom::lsp {
namespace {

using completion::ModelState;
using completion::Role;
using Phase = ModelState::Phase;

std::string token_of(Role role) {
  return role == Role::completion ? "fathom/loading" : "fathom/loading-reasoning";
}

std::string_view model_of(Role role) {
  return role == Role::completion ? "the model" : "the model that reasons";
}

void log_message(Router& router, MessageType type, std::string_view message) {
  router.notify("window/logMessage", {{"type", int(type)}, {"message", message}});
}

/// In the shape of GitHub's Copilot language server, which clients show already.
Json client_status(const ModelState& state) {
  switch (state.phase) {
    case Phase::unloaded:
      return {{"busy", false}, {"kind", "Inactive"}, {"message", "the model is not loaded"}};
    case Phase::loading:
      return {{"busy", true}, {"kind", "Normal"}, {"message", "loading the model"}};
    case Phase::ready:
      return {{"busy", false}, {"kind", "Normal"}, {"message", "ready"}};
    case Phase::failed:
      return {{"busy", false}, {"kind", "Error"}, {"message", state.error}};
  }
  return {};
}

}  // namespace

void ModelSlot::listen(bool has_progress) {
  if (std::exchange(listens_, true)) return;
  has_progress_ = has_progress;
  for (const Role role : completion::kRoles) update(role);
}

void ModelSlot::update(Role role) {
  if (!listens_) return;
  // As it is now: what was told of it on another thread may be old.
  const ModelState state = models_.state(role);
  // One model that serves both roles is told of once.
  if (role == Role::reasoning && state.model == models_.state(Role::completion).model) return;
  Told& told = told_[size_t(role)];
  const Phase before = std::exchange(told.phase, state.phase);
  if (role == Role::completion && state.phase != before)
    router_.notify("didChangeStatus", client_status(state));
  if (state.phase == Phase::loading) {
    if (before != Phase::loading) begin(role);
    return report(role, state.progress);
  }
  if (state.phase != before) end(role, state);
}

void ModelSlot::choose(const std::string& model, Reply reply) {
  const uint64_t id = ++last_choice_;
  choosing_.emplace(id, std::move(reply));
  models_.choose(model, [this, id, post = post_](const auto& assistant) {
    std::string problem = assistant ? "" : assistant.error().message;
    post([this, id, problem = std::move(problem)] {
      Reply answered = std::move(choosing_.extract(id).mapped());
      if (problem.empty()) return answered.ok(nullptr);
      answered.fail(RpcError::request_failed, problem);
    });
  });
}

void ModelSlot::begin(Role role) {
  const std::string title = fmt::format("fathom: loading {}", model_of(role));
  if (!has_progress_) return log_message(router_, MessageType::info, title);
  told_[size_t(role)].percentage = 0;
  router_.request(
      "window/workDoneProgress/create", {{"token", token_of(role)}}, [this, role, title](bool ok) {
        Told& told = told_[size_t(role)];
        if (!ok || told.phase != Phase::loading || told.shows_progress) return;
        begin_progress(router_, token_of(role), {{"title", title}, {"cancellable", false}});
        told.shows_progress = true;
      });
}

void ModelSlot::report(Role role, double progress) {
  Told& told = told_[size_t(role)];
  const int percentage = int(progress * 100);
  if (!told.shows_progress || percentage <= told.percentage) return;
  told.percentage = percentage;
  report_progress(router_, token_of(role), {{"percentage", percentage}});
}

void ModelSlot::end(Role role, const ModelState& state) {
  Told& told = told_[size_t(role)];
  const bool failed = state.phase == Phase::failed;
  if (std::exchange(told.shows_progress, false))
    end_progress(router_, token_of(role), failed ? "failed" : "ready");
  if (state.phase == Phase::ready)
    return log_message(router_, MessageType::info,
                       fmt::format("fathom: {} is ready", model_of(role)));
  if (!failed) return;
  const std::string message =
      role == Role::completion
          ? "fathom: no suggestions: " + state.error
          : fmt::format("fathom: {} could not be loaded: {}", model_of(role), state.error);
  log_message(router_, MessageType::error, message);
  // Shown once, however often it is tried again, and not to whom the answer says it.
  if (!choosing_.empty() || std::exchange(told.error, state.error) == state.error) return;
  router_.notify("window/showMessage", {{"type", int(MessageType::error)}, {"message", message}});
}

}  // namespace fathom::lsp
