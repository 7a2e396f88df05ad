#include "lsp/door_server.h"

#include <cstdint>
#include <utility>
#include <variant>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "lsp/door.h"
#include "lsp/framing.h"
#include "lsp/local_server.h"
#include "lsp/restart_policy.h"
#include "lsp/transport_stream.h"

namespace fathom::lsp {
namespace {

using Clock = std::chrono::steady_clock;

class DoorServer final : public Door::Host {
 public:
  DoorServer(StdioTransport& client, const DoorOptions& options, const MakeServices& make_services,
             Log& log)
      : options_(options),
        make_services_(make_services),
        log_(log),
        client_(client),
        loop_(client.loop()),
        link_(loop_, options.daemon, log),
        timer_(loop_.context()),
        policy_(uint64_t(options.process_id)),
        door_(*this,
              {.version = options.version,
               .process_id = options.process_id,
               .engine_arguments = options.engine_arguments},
              log) {}

  int run() {
    client_.run([this](std::string_view bytes) { return on_client_bytes(bytes); },
                [this] { on_client_end(); });
    return door_.exit_code();
  }

  // Door::Host

  void to_client(std::string body) override { client_.send(std::move(body)); }
  void to_server(std::string body) override {
    if (local_) return local_->receive(body);
    if (daemon_) daemon_->send(std::move(body));
  }
  void watch_process(int64_t pid) override { client_.watch_process(pid); }
  void replace_server(std::string reason) override {
    later([this, reason = std::move(reason)] {
      if (local_) return give_up("the engine of this process cannot serve the editor: " + reason);
      go_alone("the daemon cannot be used: " + reason);
    });
  }
  void leave() override { client_.close(); }

 private:
  /// When what calls is done.
  void later(std::function<void()> task) { loop_.poster()(std::move(task)); }

  bool on_client_bytes(std::string_view bytes) {
    from_client_.push(bytes);
    while (const std::optional<Frame> next = from_client_.next()) {
      if (const auto* error = std::get_if<FrameError>(&*next)) {
        door_.on_client_garbage(error->message);
      } else {
        door_.on_client(std::get<std::string>(*next));
      }
    }
    look_for_server();
    return true;
  }

  void on_client_end() {
    door_.on_client_end();
    look_for_server();
  }

  /// Gets a server if one is needed, and lets it go if not.
  void look_for_server() {
    if (!door_.needs_server()) {
      timer_.cancel();
      drop_daemon();
    } else if (!local_ && !daemon_ && !is_coming_) {
      connect();
    }
  }

  void connect() {
    is_coming_ = true;
    link_.connect([this](Result<ServerPeer> peer) {
      is_coming_ = false;
      if (!peer) return on_no_daemon(peer.error());
      join(*peer);
      look_for_server();  // the editor may have left meanwhile
    });
  }

  void join(ServerPeer peer) {
    // A socket tells when its other end dies.
    daemon_ = std::make_unique<StreamTransport>(
        loop_, peer.input, peer.output, StreamOptions{.name = "the daemon", .parent_poll_ms = 0},
        log_);
    from_daemon_ = FrameReader();
    const uint64_t number = ++n_daemons_;
    daemon_->start({.on_bytes =
                        [this, number](std::string_view bytes) {
                          if (number == n_daemons_) on_daemon_bytes(bytes);
                          return true;
                        },
                    .on_end = [this, number] { on_daemon_end(number); },
                    .on_closed = [] {}});
    timer_.expires_after(options_.greeting_time);
    timer_.async_wait([this, number](boost::system::error_code error) {
      if (error || number != n_daemons_ || door_.is_live() || !door_.needs_server()) return;
      drop_daemon();
      go_alone("the daemon does not answer");
    });
    door_.on_connected();
  }

  void on_daemon_bytes(std::string_view bytes) {
    from_daemon_.push(bytes);
    while (const std::optional<Frame> next = from_daemon_.next()) {
      if (const auto* error = std::get_if<FrameError>(&*next)) {
        log_.warning("what the daemon sent is no message: {}", error->message);
        return later([this, number = n_daemons_] { on_daemon_end(number); });
      }
      door_.on_server(std::get<std::string>(*next));
      if (!daemon_) return;
    }
  }

  void on_daemon_end(uint64_t number) {
    if (number != n_daemons_ || !daemon_) return;
    if (door_.has_worked()) policy_.worked();
    drop_daemon();
    on_failure("the daemon has closed the connection");
  }

  void drop_daemon() {
    ++n_daemons_;  // whatever it still says is not heard
    if (!daemon_) return;
    // Not now: this may run inside one of its handlers.
    later([old = std::shared_ptr<StreamTransport>(std::move(daemon_))] {});
    door_.on_server_lost();
  }

  void on_no_daemon(const Error& error) {
    error.code == ErrorCode::io ? on_failure(error.message) : go_alone(error.message);
  }

  void on_failure(const std::string& reason) {
    if (!door_.needs_server()) return;
    log_.warning("{}", reason);
    const std::optional<std::chrono::milliseconds> delay = policy_.failed(Clock::now());
    if (!delay) return go_alone("the daemon fails again and again, at last because " + reason);
    is_coming_ = true;
    timer_.expires_after(*delay);
    timer_.async_wait([this](boost::system::error_code error) {
      is_coming_ = false;
      if (!error && door_.needs_server()) connect();
    });
  }

  /// From here on without a daemon.
  void go_alone(const std::string& reason) {
    if (local_ || !door_.needs_server()) return;
    log_.warning("{}; going on in this process", reason);
    drop_daemon();
    Result<OwnServices> services = make_services_();
    if (!services) return give_up(services.error().message);
    own_services_ = std::move(*services);
    services_.emplace(own_services_.borrow());
    local_.emplace(
        loop_, SessionOptions{.version = options_.version, .config = options_.config}, *services_,
        [this](std::string body) { door_.on_server(std::move(body)); }, log_);
    door_.show(
        MessageType::warning,
        fmt::format("fathom: {}. This editor goes on with an engine of its own, which takes "
                    "memory of its own. `fathom doctor` may know more; restart the editor to "
                    "try the daemon again.",
                    reason));
    door_.on_connected();
  }

  void give_up(const std::string& reason) {
    log_.error("{}", reason);
    door_.show(MessageType::error, "fathom: " + reason);
    door_.give_up(reason);
  }

  const DoorOptions& options_;
  const MakeServices& make_services_;
  Log& log_;
  StdioTransport& client_;
  EventLoop& loop_;
  DaemonLink link_;
  boost::asio::steady_timer timer_;  // for an answer to initialize, or before the next attempt
  RestartPolicy policy_;
  Door door_;
  FrameReader from_client_;

  bool is_coming_ = false;  // a daemon: connecting, or waiting before that
  std::unique_ptr<StreamTransport> daemon_;
  uint64_t n_daemons_ = 0;
  FrameReader from_daemon_;

  OwnServices own_services_;  // empty while there is no local session
  std::optional<Services> services_;
  std::optional<LocalServer> local_;
};

}  // namespace

int run_door(const DoorOptions& options, const MakeServices& make_services, Log& log) {
  auto client = StdioTransport::open(options.stdio, log);
  if (!client) {
    log.error("{}", client.error().message);
    return 1;
  }
  DoorServer server(**client, options, make_services, log);
  return server.run();
}

}  // namespace fathom::lsp
