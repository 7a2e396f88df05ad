// The daemon: many clients, each with its own session and documents, one set of models.
//
// Clients connect to a Unix socket, which only their user can reach, or, if that is wanted, to a
// port of this machine, where `initialize` must carry a token. Whatever one of them does - sends
// garbage, sends without end, reads nothing, says nothing, dies - costs a bounded amount of memory
// and nothing of the others.
//
// Threads: one, the main thread of the process, unless it says otherwise.

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "completion/config.h"
#include "engine/base/log.h"
#include "engine/base/result.h"
#include "lsp/event_loop.h"
#include "lsp/server_socket.h"
#include "lsp/services.h"

namespace fathom::lsp {

struct ServerOptions {
  std::string version;                 // of fathom, told to clients
  completion::EffectiveConfig config;  // what the files say
  // What the engine was asked for on the command line, told to clients.
  std::vector<std::string> engine_arguments;
  std::optional<uint16_t> port;                     // on 127.0.0.1 and ::1; 0: one that is free
  std::filesystem::path token_file;                 // written if there is a port
  std::chrono::milliseconds idle_exit{0};           // without a client; 0: never
  std::chrono::milliseconds greeting_time{30'000};  // for a client to say `initialize`
  std::chrono::milliseconds socket_period{2'000};   // how often to look for the socket
  size_t max_clients = 256;
  bool handle_signals = false;  // SIGINT and SIGTERM stop the server; a second one, the process
};

class Server final {
 public:
  /// What `services` names and `log` must outlive the server, which adds its own status to them.
  /// Ignores SIGPIPE from here on.
  /// Errors: io (the port is taken, the token cannot be written).
  static Result<std::unique_ptr<Server>> create(ServerSocket socket, const ServerOptions& options,
                                                Services services, Log& log);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Serves until it is stopped, by stop(), a signal, or for want of clients: then requests in
  /// flight are answered as cancelled, the socket is removed, and clients that read get their
  /// answers. A daemon whose place is lost (see ServerSocket) takes no more clients and leaves with
  /// its last one.
  void run();
  /// Any thread, also before run().
  void stop();

  /// The port that was chosen; 0: none. Any thread.
  uint16_t port() const;
  /// What runs on the server's thread. Any thread.
  Poster poster() const;
  DaemonStatus status() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom::lsp
