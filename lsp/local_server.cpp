#include "lsp/local_server.h"

#include <utility>

#include "lsp/framing.h"

namespace fathom::lsp {
namespace {

/// Drops what comes when the server is gone.
Poster guarded(const Poster& loop, const std::shared_ptr<bool>& alive) {
  return [loop, alive](std::function<void()> task) {
    loop([alive, task = std::move(task)] {
      if (*alive) task();
    });
  };
}

}  // namespace

LocalServer::LocalServer(EventLoop& loop, SessionOptions options, Services& services,
                         OnMessage on_message, Log& log)
    : on_message_(std::move(on_message)),
      loop_(loop),
      poster_(guarded(loop.poster(), alive_)),
      session_(*this, std::move(options), services, log) {}

LocalServer::~LocalServer() { *alive_ = false; }

void LocalServer::receive(const std::string& body) {
  if (!session_.on_bytes(frame(body))) go_on();
}

/// The session has more to do than one turn allows.
void LocalServer::go_on() {
  poster_([this] {
    if (!session_.on_bytes({})) go_on();
  });
}

void LocalServer::call_after(std::chrono::milliseconds delay, std::function<void()> task) {
  loop_.call_after(delay, [alive = alive_, task = std::move(task)] {
    if (*alive) task();
  });
}

void LocalServer::send(std::string body) {
  poster_([this, body = std::move(body)] { on_message_(body); });
}

}  // namespace fathom::lsp
