#include "lsp/session.h"

#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "lsp/handlers/handlers.h"
#include "lsp/message_type.h"

namespace fathom::lsp {

Session::Session(Transport& transport, SessionOptions options, Log& log)
    : transport_(transport),
      options_(std::move(options)),
      log_(log),
      router_(transport, log, [this](std::string_view method) { return refuse(method); }),
      settings_(options_.config),
      completions_(transport, log),
      explanations_(transport, router_, log),
      model_(router_) {
  register_handlers(*this);
}

Session::~Session() {
  if (config_watch_id_ != 0) options_.config_watch->unwatch(config_watch_id_);
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

void Session::on_bytes(std::string_view bytes) {
  frames_.push(bytes);
  while (!left_) {
    const std::optional<Frame> frame = frames_.next();
    if (!frame) return;
    if (const auto* error = std::get_if<FrameError>(&*frame)) {
      router_.reject(RpcError::parse_error, error->message);
    } else {
      router_.receive(std::get<std::string>(*frame));
    }
  }
}

void Session::on_end() {
  if (left_) return;
  log_.info("the client has closed the connection");
  leave();
}

void Session::on_model(Result<std::shared_ptr<completion::Assistant>> loaded) {
  if (!loaded) log_.error("the model could not be loaded: {}", loaded.error().message);
  model_.fill(std::move(loaded));
}

void Session::initialized_by(const Client& client) {
  client_ = client;
  state_ = State::running;
}

void Session::set_client_settings(ClientSettings settings) {
  settings_.set_client(std::move(settings));
  tell_settings_problems();
}

void Session::ask_for_settings() {
  if (!client_.has_configuration) return;
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
  if (client_.can_register_configuration) {
    router_.request(
        "client/registerCapability",
        {{"registrations", Json::array({{{"id", "fathom/configuration"},
                                         {"method", "workspace/didChangeConfiguration"},
                                         {"registerOptions", {{"section", "fathom"}}}}})}},
        [](bool) {});
  }
  if (!options_.config_watch || config_watch_id_ != 0) return;
  config_watch_id_ = options_.config_watch->watch(
      workspace_.first(), [this](const completion::EffectiveConfig& config) {
        transport_.post([this, config] {
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
  left_ = true;
  router_.cancel_all();
  transport_.close();
}

}  // namespace fathom::lsp
