// The seam between a session and the outside: where messages go and where the main thread is.
//
// StdioTransport implements it on Asio; tests with lists.

#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace fathom::lsp {

class Transport {
 public:
  virtual ~Transport() = default;

  /// Sends one message, after those before it; drops it after close(). Main thread; never waits
  /// for the reader.
  virtual void send(std::string body) = 0;

  /// Runs `task` on the main thread, after those posted before it, never inside this call.
  /// Any thread. Tasks left when the transport ends are dropped.
  virtual void post(std::function<void()> task) = 0;

  /// Ends the session as if the client had closed the connection once this process is gone.
  virtual void watch_process(int64_t pid) = 0;

  /// Reads nothing more, sends what is queued, and lets the main thread's loop end. Main thread.
  virtual void close() = 0;
};

}  // namespace fathom::lsp
