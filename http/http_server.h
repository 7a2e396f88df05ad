// The HTTP side of the daemon: fathom's models for other programs on this machine.
//
// On 127.0.0.1 and ::1 only. What browsers send on behalf of pages is refused (guard.h). Whatever a
// client does - sends garbage, sends without end, reads nothing, says nothing, goes - costs a
// bounded amount of memory and nothing of the others.
//
// Threads: one of its own; create() and the destructor on any other.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "engine/base/log.h"
#include "engine/base/result.h"
#include "http/api.h"

namespace fathom::http {

struct HttpOptions {
  uint16_t port = 0;  // 0: one that is free
  /// Whether a client with this bearer token may ask; null: who reaches the port may.
  std::function<bool(std::string_view token)> is_authorized;
};

class HttpServer final {
 public:
  /// Serves from here on. `api.models` and `log` must outlive the server.
  /// Errors: io (the port is taken).
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
