// The HTTP side of the daemon: fathom's models for other programs on this machine.
//
// On 127.0.0.1 and ::1, or over TLS at an address that other machines reach. What browsers send on
// behalf of pages is refused (guard.h). Whatever a client does - sends garbage, sends without end,
// reads nothing, says nothing, goes - costs a bounded amount of memory and nothing of the others.
//
// Threads: one of its own; create() and the destructor on any other.

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/log.h"
#include "engine/base/result.h"
#include "http/api.h"

namespace fathom::http {

/// For other machines to ask, with a token.
struct Network {
  std::string address;                // to listen at; of IPv4 or IPv6
  std::filesystem::path certificate;  // PEM, with its chain
  std::filesystem::path key;          // PEM
};

struct HttpOptions {
  uint16_t port = 0;               // 0: one that is free
  std::optional<Network> network;  // nothing: programs of this machine only
  /// Whether a client with this bearer token may ask; null: who reaches the port may.
  std::function<bool(std::string_view token)> is_authorized;
};

class HttpServer final {
 public:
  /// Serves from here on. `api.models` and `log` must outlive the server.
  /// Errors: io (the port is taken), invalid_argument (an address, certificate or key is none;
  /// a network without is_authorized).
  static Result<std::unique_ptr<HttpServer>> create(const HttpOptions& options, Api api, Log& log);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// Cancels what is being answered, and waits until nothing is.
  ~HttpServer();

  /// Begins nothing new, which is answered with 503, /health too, and waits until what is under
  /// way is answered, or for so long.
  void drain(std::chrono::milliseconds limit);

  uint16_t port() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom::http
