// The way to the daemon: connects to its socket, and starts it where nobody listens.
//
// Many processes may find no daemon at the same moment and each start one: the daemons decide among
// themselves which one stays (server_socket.h), and all processes connect to that one.
//
// Main thread only; waits for nothing, but looks at the socket every few milliseconds while a
// daemon starts.

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/log.h"
#include "engine/base/result.h"
#include "lsp/event_loop.h"
#include "lsp/server_socket.h"

namespace fathom::lsp {

/// How to start a daemon.
struct DaemonCommand {
  std::filesystem::path program;
  std::vector<std::string> arguments;
  std::filesystem::path output;  // what it prints, for when it fails; "": lost
};

class DaemonLink final {
 public:
  struct Options {
    std::filesystem::path socket;
    DaemonCommand command;
    std::chrono::milliseconds patience{10'000};  // for a daemon to listen once it was started
  };
  /// Errors: io (it may be another time: the daemon crashed, or is too busy to be connected to),
  /// others (there will be none: it cannot be started, or refuses to serve). For people.
  using OnConnected = std::function<void(Result<ServerPeer>)>;

  DaemonLink(EventLoop& loop, Options options, Log& log);
  DaemonLink(const DaemonLink&) = delete;
  DaemonLink& operator=(const DaemonLink&) = delete;
  ~DaemonLink();

  /// Calls `on_connected` once, later, unless this object goes first. One call at a time.
  void connect(OnConnected on_connected);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with the timer
};

}  // namespace fathom::lsp
