// A session in this process for a client in this process: what the door uses where no daemon can be
// had. Messages cross as texts.
//
// Main thread only, but for the poster.

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/log.h"
#include "lsp/event_loop.h"
#include "lsp/services.h"
#include "lsp/session.h"
#include "lsp/transport.h"

namespace fathom::lsp {

class LocalServer final : public Transport {
 public:
  /// Called later, never inside receive().
  using OnMessage = std::function<void(std::string)>;

  /// The references must outlive this object.
  LocalServer(EventLoop& loop, SessionOptions options, Services& services, OnMessage on_message,
              Log& log);
  ~LocalServer() override;

  /// A message of the client's.
  void receive(const std::string& body);
  Session& session() { return session_; }

  // Of the session.
  void send(std::string body) override;
  Poster poster() override { return poster_; }
  void call_after(std::chrono::milliseconds delay, std::function<void()> task) override;
  void watch_process(int64_t) override {}  // the client is this process
  void close() override {}                 // the door ends what there is to end

 private:
  void go_on();

  const OnMessage on_message_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // main thread only
  EventLoop& loop_;
  const Poster poster_;
  Session session_;
};

}  // namespace fathom::lsp
