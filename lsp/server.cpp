// The life of a client: an acceptor hands its socket to connect(), which makes a connection; the
// connection serves itself on the loop until it reports that it is closed and is erased. When the
// last one is gone the idle timer starts; stopping is closing every connection and waiting for the
// same thing.

#include "lsp/server.h"

#include <csignal>
#include <map>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "lsp/event_loop.h"
#include "lsp/listen_at.h"
#include "lsp/server_connection.h"
#include "lsp/server_token.h"

namespace fathom::lsp {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Unix = asio::local::stream_protocol;
using Clock = std::chrono::steady_clock;

// More of them than this at a time are no client of ours that has lost count.
constexpr int kMaxFrameErrors = 16;
constexpr std::chrono::milliseconds kAcceptPause{100};

}  // namespace

class Server::Impl final {
 public:
  Impl(ServerSocket socket, const ServerOptions& options, Services services, Log& log)
      : options_(options),
        log_(log),
        services_(std::move(services)),
        socket_(std::move(socket)),
        unix_(loop_.context()),
        ipv4_(loop_.context()),
        ipv6_(loop_.context()),
        idle_timer_(loop_.context()),
        socket_timer_(loop_.context()),
        signals_(loop_.context()) {
    services_.daemon_status = [this] { return status(); };
  }

  Status open() {
    std::signal(SIGPIPE, SIG_IGN);
    FATHOM_CHECK(open_socket());
    if (options_.port) FATHOM_CHECK(open_port(*options_.port));
    return {};
  }

  void run() {
    if (options_.handle_signals) wait_for_signal();
    accept(unix_);
    if (ipv4_.is_open()) accept(ipv4_);
    if (ipv6_.is_open()) accept(ipv6_);
    wait_for_clients();
    look_after_socket();
    loop_.run();
  }

  void stop() {
    loop_.poster()([this] { shut_down(); });
  }

  uint16_t port() const { return port_; }
  Poster poster() const { return loop_.poster(); }

  DaemonStatus status() const {
    const std::chrono::duration<double> uptime = Clock::now() - start_;
    DaemonStatus status{.pid = ::getpid(),
                        .uptime_s = uptime.count(),
                        .socket = socket_.path().string(),
                        .port = port_,
                        .token_file = port_ == 0 ? "" : options_.token_file.string(),
                        .clients = {}};
    for (const auto& [id, connection] : connections_)
      status.clients.push_back(connection->status());
    return status;
  }

 private:
  Status open_socket() {
    error_code error;
    // A copy: the socket and its lock go last, when the daemon is done.
    unix_.assign(Unix(), ::fcntl(socket_.descriptor(), F_DUPFD_CLOEXEC, 3), error);
    if (error) return fail(ErrorCode::io, "{}: {}", socket_.path().string(), error.message());
    return {};
  }

  Status open_port(uint16_t port) {
    FATHOM_TRY(token, make_token());
    // Loopback addresses, so that no packet of another machine gets here.
    if (const error_code error = listen_at(ipv4_, {asio::ip::address_v4::loopback(), port}))
      return fail(ErrorCode::io, "127.0.0.1, port {}: {}", port, error.message());
    error_code error;
    port_ = ipv4_.local_endpoint(error).port();
    // A machine without IPv6 is served all the same.
    error = listen_at(ipv6_, {asio::ip::address_v6::loopback(), port_});
    if (error) log_.info("::1, port {}: {}", port_, error.message());
    token_ = std::move(token);
    return write_token(options_.token_file, token_);
  }

  template <class Acceptor>
  void accept(Acceptor& acceptor) {
    acceptor.async_accept([this, &acceptor](error_code error, auto socket) {
      if (stopping_ || error == asio::error::operation_aborted) return;
      if (error) {
        // No descriptors left, most likely: some come back when a client leaves.
        log_.warning("a client could not be let in: {}", error.message());
        const auto pause = std::make_shared<asio::steady_timer>(loop_.context(), kAcceptPause);
        pause->async_wait([this, &acceptor, pause](error_code) {
          if (!stopping_ && acceptor.is_open()) accept(acceptor);
        });
        return;
      }
      constexpr bool kIsPort = std::is_same_v<Acceptor, tcp::acceptor>;
      if constexpr (kIsPort) {
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
      }
      connect(socket.native_handle(), kIsPort);
      accept(acceptor);
    });
  }

  void connect(int descriptor, bool needs_token) {
    if (!needs_token && !is_peer_ours(descriptor))
      return log_.warning("a process of another user tried to connect");
    if (connections_.size() >= 2 * options_.max_clients)
      return log_.warning("a client was turned away: {} are here", connections_.size());
    const uint64_t client = ++last_client_;
    ConnectionOptions options{.session = {.version = options_.version,
                                          .client = client,
                                          .config = options_.config,
                                          .engine_arguments = options_.engine_arguments,
                                          .token = needs_token ? token_ : "",
                                          .refusal = {},
                                          .max_frame_errors = kMaxFrameErrors},
                              .greeting_time = options_.greeting_time,
                              .on_closed = [this, client] { disconnect(client); }};
    if (connections_.size() >= options_.max_clients) {
      options.session.refusal = fmt::format(
          "fathom serves {} clients already, and no more than that", options_.max_clients);
    }
    auto connection =
        ServerConnection::open(loop_, descriptor, std::move(options), services_, log_);
    if (!connection) return log_.warning("{}", connection.error().message);
    connections_.emplace(client, std::move(*connection));
    idle_timer_.cancel();
    log_.info("client {} is here", client);
  }

  void disconnect(uint64_t client) {
    connections_.erase(client);
    log_.info("client {} is gone, {} are left", client, connections_.size());
    if (!connections_.empty()) return;
    if (stopping_) return loop_.stop();
    is_lost_ ? shut_down() : wait_for_clients();
  }

  void wait_for_clients() {
    if (options_.idle_exit.count() <= 0) return;
    idle_timer_.expires_after(options_.idle_exit);
    idle_timer_.async_wait([this](error_code error) {
      if (error || !connections_.empty()) return;
      log_.info("nobody has been here for {} s; leaving", options_.idle_exit.count() / 1000);
      shut_down();
    });
  }

  /// People clear folders, and so do programs that tidy up. A look is one system call.
  void look_after_socket() {
    socket_timer_.expires_after(options_.socket_period);
    socket_timer_.async_wait([this](error_code error) {
      if (error || stopping_) return;
      const ServerSocket::Place place = socket_.keep();
      error_code ignored;
      if (place == ServerSocket::Place::restored) {
        log_.warning("{} was removed and is made anew", socket_.path().string());
        unix_.close(ignored);
        if (const Status opened = open_socket(); !opened) return lose(opened.error().message);
        accept(unix_);
      } else if (place == ServerSocket::Place::lost) {
        return lose(socket_.path().string() + " was removed");
      }
      look_after_socket();
    });
  }

  /// Takes no more clients and leaves with the last one.
  void lose(const std::string& reason) {
    log_.warning("{}, and another daemon may have its place; leaving when the last client does",
                 reason);
    is_lost_ = true;
    close_doors();
    if (connections_.empty()) shut_down();
  }

  void wait_for_signal() {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    signals_.async_wait([this](error_code error, int signal) {
      if (error) return;
      log_.info("signal {}; leaving", signal);
      error_code ignored;
      signals_.clear(ignored);  // the next one ends the process
      shut_down();
    });
  }

  void shut_down() {
    if (std::exchange(stopping_, true)) return;
    socket_.refuse();
    close_doors();
    idle_timer_.cancel();
    socket_timer_.cancel();
    if (connections_.empty()) return loop_.stop();
    for (const auto& [id, connection] : connections_) connection->close();
  }

  void close_doors() {
    error_code ignored;
    unix_.close(ignored);
    ipv4_.close(ignored);
    ipv6_.close(ignored);
    if (!token_.empty()) remove_token(options_.token_file, token_);
  }

  const ServerOptions options_;
  Log& log_;
  const Clock::time_point start_ = Clock::now();
  Services services_;
  EventLoop loop_;
  ServerSocket socket_;
  Unix::acceptor unix_;
  tcp::acceptor ipv4_;
  tcp::acceptor ipv6_;
  asio::steady_timer idle_timer_;
  asio::steady_timer socket_timer_;
  asio::signal_set signals_;
  uint16_t port_ = 0;
  std::string token_;     // "": there is no port
  bool is_lost_ = false;  // nobody finds this daemon any more
  bool stopping_ = false;
  uint64_t last_client_ = 0;
  std::map<uint64_t, std::unique_ptr<ServerConnection>> connections_;
};

Result<std::unique_ptr<Server>> Server::create(ServerSocket socket, const ServerOptions& options,
                                               Services services, Log& log) {
  auto impl = std::make_unique<Impl>(std::move(socket), options, std::move(services), log);
  FATHOM_CHECK(impl->open());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

void Server::run() { impl_->run(); }
void Server::stop() { impl_->stop(); }
Poster Server::poster() const { return impl_->poster(); }
uint16_t Server::port() const { return impl_->port(); }
DaemonStatus Server::status() const { return impl_->status(); }

}  // namespace fathom::lsp
