// One client of the daemon: its transport, its session, and how long it may take to say hello.
//
// Main thread only.

#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "engine/base/log.h"
#include "engine/base/result.h"
#include "lsp/event_loop.h"
#include "lsp/services.h"
#include "lsp/session.h"

namespace fathom::lsp {

struct ConnectionOptions {
  SessionOptions session;
  std::chrono::milliseconds greeting_time{0};
  /// The connection is over and may be destroyed, which the call may do.
  std::function<void()> on_closed;
};

class ServerConnection final {
 public:
  /// Talks through copies of `descriptor`. Errors: io (there are no descriptors left).
  static Result<std::unique_ptr<ServerConnection>> open(EventLoop& loop, int descriptor,
                                                        ConnectionOptions options,
                                                        Services& services, Log& log);
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;
  ~ServerConnection();

  /// Cancels and answers what is in flight; on_closed follows.
  void close();
  ClientStatus status() const;

 private:
  class Impl;
  explicit ServerConnection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom::lsp
