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

/// What happens while it loads.
std::string doing(const ModelState& state) {
  return state.server.empty() ? "loading the model" : "connecting to " + state.server;
}

void log_message(Router& router, MessageType type, std::string_view message) {
  router.notify("window/logMessage", {{"type", int(type)}, {"message", message}});
}

/// In the shape of GitHub's Copilot language server, which clients show already. `asked_about`: a
/// server that the user has not decided on; "": none.
Json client_status(const ModelState& state, const std::string& asked_about) {
  if (!asked_about.empty()) {
    return {{"busy", false}, {"kind", "Warning"}, {"message", words_of_waiting(asked_about)}};
  }
  if (!state.problem.empty() && state.phase != ModelState::Phase::failed) {
    return {{"busy", state.phase == ModelState::Phase::loading},
            {"kind", "Warning"},
            {"message", "this machine computes: " + state.problem}};
  }
  switch (state.phase) {
    case Phase::unloaded:
      return {{"busy", false}, {"kind", "Inactive"}, {"message", "the model is not loaded"}};
    case Phase::loading:
      return {{"busy", true}, {"kind", "Normal"}, {"message", doing(state)}};
    case Phase::ready:
      if (state.server.empty()) return {{"busy", false}, {"kind", "Normal"}, {"message", "ready"}};
      return {{"busy", false},
              {"kind", "Normal"},
              {"message", "ready, on " + state.server},
              {"server", state.server}};
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
  const ModelState completing = models_.state(Role::completion);
  const bool is_shared = state.model == completing.model && state.server == completing.server;
  if (role == Role::reasoning && is_shared) return;
  Told& told = told_[size_t(role)];
  const Phase before = std::exchange(told.phase, state.phase);
  if (role == Role::completion) {
    const Json status = client_status(state, models_.open_question(role));
    std::string message = status["message"].get<std::string>();
    if (std::exchange(told.message, message) != message) router_.notify("didChangeStatus", status);
  }
  tell_problem(role, state);
  if (state.phase == Phase::loading) {
    if (before != Phase::loading) begin(role, state);
    return report(role, state.progress);
  }
  if (state.phase != before) end(role, state);
}

void ModelSlot::choose(const std::string& model, Reply reply) {
  const uint64_t id = ++last_choice_;
  choosing_.emplace(id, std::move(reply));
  host_.choose(model, [this, id, post = post_](const auto& assistant) {
    std::string problem = assistant ? "" : assistant.error().message;
    post([this, id, problem = std::move(problem)] {
      Reply answered = std::move(choosing_.extract(id).mapped());
      if (problem.empty()) return answered.ok(nullptr);
      answered.fail(RpcError::request_failed, problem);
    });
  });
}

void ModelSlot::begin(Role role, const ModelState& state) {
  const std::string title = state.server.empty()
                                ? fmt::format("fathom: loading {}", model_of(role))
                                : fmt::format("fathom: connecting to {}", state.server);
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
    end_progress(router_, token_of(role), name_of(state.phase));
  if (state.phase == Phase::ready)
    return log_message(router_, MessageType::info,
                       fmt::format("fathom: {} is ready{}", model_of(role),
                                   state.server.empty() ? "" : ", on " + state.server));
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

/// Told when the server cannot be asked any more, and when it can again.
void ModelSlot::tell_problem(Role role, const ModelState& state) {
  const std::string before = std::exchange(told_[size_t(role)].problem, state.problem);
  if (before.empty() == state.problem.empty()) return;
  const std::string message =
      state.problem.empty()
          ? fmt::format("fathom: {} is asked again", state.server)
          : fmt::format("fathom: this machine computes until the server answers again: {}",
                        state.problem);
  const MessageType type = state.problem.empty() ? MessageType::info : MessageType::warning;
  log_message(router_, type, message);
  if (state.problem.empty() || !choosing_.empty()) return;
  router_.notify("window/showMessage", {{"type", int(type)}, {"message", message}});
}

}  // namespace fathom::lsp
