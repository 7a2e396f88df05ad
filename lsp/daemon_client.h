// A client of the daemon that waits for its answers: for commands in a terminal, and for tests.
//
// One connection, one request at a time, one thread. What the daemon says unasked is dropped; what
// it asks is answered with "method not found".

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace fathom::lsp {

struct DaemonPort {
  bool ipv6 = false;  // ::1, else 127.0.0.1
  uint16_t port = 0;
  std::string token;
};

class DaemonClient final {
 public:
  /// Connects and says initialize. Not initialized, at which a daemon loads its model: who asks how
  /// it is changes nothing.
  /// Errors: not_found (nobody listens there: no daemon runs), and those of request().
  static Result<DaemonClient> open(const std::filesystem::path& socket,
                                   std::chrono::milliseconds timeout);
  /// As open(), at a port of this machine.
  static Result<DaemonClient> open_port(const DaemonPort& port, std::chrono::milliseconds timeout);
  DaemonClient(DaemonClient&&) noexcept;
  DaemonClient& operator=(DaemonClient&&) noexcept;
  ~DaemonClient();

  /// The answer of the daemon to initialize, as JSON.
  const std::string& initialized() const { return initialized_; }

  /// `params` and the result are JSON. Errors: invalid_argument (the daemon refused, with its
  /// words), io (the connection broke, or no answer came in time: it is of no use any more).
  Result<std::string> request(std::string_view method, std::string_view params,
                              std::chrono::milliseconds timeout);

 private:
  class Impl;
  static Result<DaemonClient> open(std::unique_ptr<Impl> impl, std::string_view greeting,
                                   std::chrono::milliseconds timeout);
  explicit DaemonClient(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
  std::string initialized_;
};

}  // namespace fathom::lsp
