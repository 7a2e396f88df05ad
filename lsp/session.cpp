#include "lsp/session.h"

#include <utility>
#include <variant>

#include "lsp/handlers/handlers.h"

namespace fathom::lsp {

Session::Session(Transport& transport, SessionOptions options, Log& log)
    : transport_(transport),
      options_(std::move(options)),
      log_(log),
      router_(transport, log, [this](std::string_view method) { return refuse(method); }),
      completions_(transport, log),
      explanations_(transport, router_, log),
      model_(router_) {
  register_handlers(*this);
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
