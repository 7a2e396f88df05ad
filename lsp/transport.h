// The seam between a session and the outside: where messages go and where the main thread is.
//
// StreamTransport implements it on Asio; tests with lists.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "lsp/event_loop.h"

namespace fathom::lsp {

class Transport {
 public:
  virtual ~Transport() = default;

  /// Sends one message, after those before it; drops it after close(). Main thread; never waits
  /// for the reader.
  virtual void send(std::string body) = 0;

  /// The way back to the main thread for other threads, which may use it when the transport is
  /// gone: then tasks are dropped. So a task may use whatever lives as long as the transport.
  virtual Poster poster() = 0;

  /// Runs a task on the main thread after a while, unless the transport is gone by then. Main
  /// thread.
  virtual void call_after(std::chrono::milliseconds delay, std::function<void()> task) = 0;

  /// Ends the session as if the client had closed the connection once this process is gone.
  virtual void watch_process(int64_t pid) = 0;

  /// Reads nothing more and ends once what is queued was sent. Main thread.
  virtual void close() = 0;
};

}  // namespace fathom::lsp
