#include "lsp/session.h"

#include <chrono>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "lsp/handlers/handlers.h"
#include "lsp/handlers/warm_up.h"
#include "lsp/message_type.h"

namespace fathom::lsp {
namespace {

// What a client sent in one piece is a burst of typing at most; the rest of a flood waits its turn.
constexpr int kMessagesPerTurn = 32;

// Longer than between two keys of somebody who types, or moves the cursor with a key held down.
constexpr std::chrono::milliseconds kPause{150};

}  // namespace

Session::Session(Transport& transport, SessionOptions options, Services& services, Log& log)
    : transport_(transport),
      options_(std::move(options)),
      services_(services),
      log_(log),
      router_(transport, log, [this](std::string_view method) { return refuse(method); }),
      settings_(options_.config),
      workspace_(services.workspaces),
      documents_(options_.max_document_bytes),
      virtual_documents_(router_),
      suggestions_(services.acceptance),
      models_(transport, router_, workspace_, services.models, services.consents, log,
              [this] {
                models_.get(completion::Role::completion);  // which starts to load it
                for (const completion::Role role : completion::kRoles) models_changed(role);
              }),
      completions_(transport, log),
      pause_(transport, kPause),
      explanations_(transport, router_, models_, log),
      findings_(router_, documents_),
      reviews_(transport, router_, models_, findings_, log),
      model_(transport, router_, models_, services.models) {
  register_handlers(*this);
  subscription_ = services_.models.subscribe(
      [this, post = transport.poster()](completion::Role role, const completion::ModelState&) {
        post([this, role] { models_changed(role); });
      });
}

Session::~Session() {
  services_.models.unsubscribe(subscription_);
  if (config_watch_id_ != 0) services_.config_watch->unwatch(config_watch_id_);
}

void Session::models_changed(completion::Role role) {
  model_.update(role);
  if (role == completion::Role::completion) warm_up_again(*this);
  if (role != ModelRequest::kRole) return;
  explanations_.update();
  reviews_.update();
}

std::optional<Refusal> Session::refuse(std::string_view method) const {
  if (method == "exit") return std::nullopt;
  switch (state_) {
    case State::created:
      if (method == "initialize") return std::nullopt;
      return Refusal{RpcError::server_not_initialized, "the first request must be initialize"};
    case State::running:
      if (method != "initialize") return std::nullopt;
      return Refusal{RpcError::invalid_request, "initialize was sent before"};
    case State::shut_down:
      return Refusal{RpcError::invalid_request, "the server was shut down"};
  }
  return std::nullopt;
}

bool Session::on_bytes(std::string_view bytes) {
  frames_.push(bytes);
  for (int n_messages = 0; !left_; ++n_messages) {
    if (n_messages == kMessagesPerTurn) return false;
    const std::optional<Frame> frame = frames_.next();
    if (!frame) return true;
    if (const auto* error = std::get_if<FrameError>(&*frame)) {
      router_.reject(RpcError::parse_error, error->message);
      if (++n_frame_errors_ < options_.max_frame_errors) continue;
      log_.warning("client {}: what it sends are no messages; cut off", options_.client);
      leave();
    } else {
      n_frame_errors_ = 0;
      router_.receive(std::get<std::string>(*frame));
    }
  }
  return true;
}

void Session::on_end() {
  if (left_) return;
  log_.info("client {} has closed the connection", options_.client);
  leave();
}

void Session::initialized_by(Client client) {
  client_ = std::move(client);
  state_ = State::running;
}

void Session::set_client_settings(ClientSettings settings) {
  settings_.set_client(std::move(settings));
  tell_settings_problems();
}

void Session::ask_for_settings() {
  if (!capabilities().has_configuration) return;
  router_.request_result("workspace/configuration",
                         {{"items", Json::array({{{"section", "fathom"}}})}},
                         [this](const Json* result) {
                           // Null: the client has nothing to say, and what it said before counts.
                           if (!result || !result->is_array() || result->empty()) return;
                           if (!result->front().is_null())
                             set_client_settings(read_settings(result->front()));
                         });
}

void Session::watch_settings() {
  may_tell_settings_ = true;
  tell_settings_problems();
  ask_for_settings();
  if (capabilities().can_register_configuration) {
    router_.request(
        "client/registerCapability",
        {{"registrations", Json::array({{{"id", "fathom/configuration"},
                                         {"method", "workspace/didChangeConfiguration"},
                                         {"registerOptions", {{"section", "fathom"}}}}})}},
        [](bool) {});
  }
  if (!services_.config_watch || config_watch_id_ != 0) return;
  config_watch_id_ = services_.config_watch->watch(
      workspace_.first(),
      [this, post = transport_.poster()](const completion::EffectiveConfig& config) {
        post([this, config] {
          settings_.set_base(config);
          tell_settings_problems();
        });
      });
}

void Session::tell_settings_problems() {
  if (!may_tell_settings_) return;
  for (const std::string& problem : settings_.take_problems()) {
    log_.warning("{}", problem);
    const Json message = {{"type", int(MessageType::warning)}, {"message", "fathom: " + problem}};
    router_.notify("window/logMessage", message);
    router_.notify("window/showMessage", message);
  }
}

void Session::shut_down() {
  router_.cancel_all();
  state_ = State::shut_down;
}

void Session::leave() {
  if (std::exchange(left_, true)) return;
  router_.cancel_all();
  for (const auto& assistant : services_.models.loaded()) assistant->close_client(options_.client);
  transport_.close();
}

}  // namespace fathom::lsp
