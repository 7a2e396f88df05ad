#include "http/http_server.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "http/connection.h"
#include "http/reply.h"
#include "lsp/event_loop.h"
#include "lsp/listen_at.h"

namespace fathom::http {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kMaxConnections = 256;
constexpr std::chrono::milliseconds kDrainPause{20};  // between looks at what is under way
constexpr std::chrono::seconds kAcceptPause{1};       // when the system has no room for connections

}  // namespace

class HttpServer::Impl final {
 public:
  Impl(const HttpOptions& options, Api api, Log& log)
      : api_(std::move(api)),
        log_(log),
        context_{.post = loop_.poster(),
                 .log = log,
                 .reach = options.network ? Reach::network : Reach::this_machine,
                 .tls = options.network ? &tls_ : nullptr,
                 .is_authorized = options.is_authorized,
                 .answer = [this](const ExchangePtr& exchange) { answer(exchange); }} {}

  Status open(const HttpOptions& options) {
    FATHOM_CHECK(options.network ? open_network(options) : open_loopback(options.port));
    accept(first_);
    if (second_.is_open()) accept(second_);
    thread_ = std::jthread([this] { loop_.run(); });
    return {};
  }

  ~Impl() {
    loop_.poster()([this] {
      error_code ignored;
      first_.close(ignored);
      second_.close(ignored);
      for (const auto& connection : connections_)
        if (const auto alive = connection.lock()) alive->close();
      loop_.stop();
    });
    if (thread_.joinable()) thread_.join();
    api_.jobs->close();
  }

  void drain(std::chrono::milliseconds limit) {
    std::promise<void> idle;
    std::future<void> done = idle.get_future();
    loop_.poster()([this, idle = std::make_shared<std::promise<void>>(std::move(idle))] {
      is_draining_ = true;
      wait_until_idle(idle);
    });
    if (done.wait_for(limit) == std::future_status::timeout)
      log_.warning("HTTP requests are still being answered; they are cancelled");
  }

  uint16_t port() const { return port_; }

 private:
  static Status listen(tcp::acceptor& acceptor, const asio::ip::address& address, uint16_t port) {
    const error_code error = lsp::listen_at(acceptor, {address, port});
    if (!error) return {};
    return fail(ErrorCode::io, "cannot listen at port {} of {}: {}; give another --http", port,
                address.to_string(), error.message());
  }

  Status open_loopback(uint16_t port) {
    FATHOM_CHECK(listen(first_, asio::ip::address_v4::loopback(), port));
    port_ = first_.local_endpoint().port();
    if (const Status opened = listen(second_, asio::ip::address_v6::loopback(), port_); !opened)
      log_.warning("{}; only 127.0.0.1 is served", opened.error().message);
    return {};
  }

  Status open_network(const HttpOptions& options) {
    const Network& network = *options.network;
    if (!options.is_authorized)
      return fail(ErrorCode::invalid_argument, "other machines may only ask with a token");
    error_code error;
    tls_.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                         asio::ssl::context::no_tlsv1_1,
                     error);
    if (!error) tls_.use_certificate_chain_file(network.certificate.string(), error);
    if (error) return unusable(network.certificate, "certificate", error);
    // Nobody is there to ask for the password of a key that has one.
    tls_.set_password_callback([](size_t, auto) { return std::string(); }, error);
    tls_.use_private_key_file(network.key.string(), asio::ssl::context::pem, error);
    if (error) return unusable(network.key, "private key of the certificate", error);
    const asio::ip::address address = asio::ip::make_address(network.address, error);
    if (error) return fail(ErrorCode::invalid_argument, "{} is no address", network.address);
    FATHOM_CHECK(listen(first_, address, options.port));
    port_ = first_.local_endpoint().port();
    return {};
  }

  static Status unusable(const std::filesystem::path& file, const char* what,
                         const error_code& error) {
    return fail(ErrorCode::invalid_argument, "{} holds no {} in PEM: {}", file.string(), what,
                error.message());
  }

  void answer(const ExchangePtr& exchange) {
    if (is_draining_) return reply_error(*exchange, 503, "draining: this server is leaving");
    http::answer(api_, exchange);
  }

  void wait_until_idle(const std::shared_ptr<std::promise<void>>& idle) {
    const bool is_busy = std::ranges::any_of(connections_, [](const auto& connection) {
      const auto alive = connection.lock();
      return alive && alive->is_busy();
    });
    if (!is_busy) return idle->set_value();
    loop_.call_after(kDrainPause, [this, idle] { wait_until_idle(idle); });
  }

  void accept(tcp::acceptor& acceptor) {
    acceptor.async_accept([this, &acceptor](error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) {  // no descriptors are left, for one
        return loop_.call_after(kAcceptPause, [this, &acceptor] { accept(acceptor); });
      }
      std::erase_if(connections_, [](const auto& connection) { return connection.expired(); });
      if (connections_.size() < kMaxConnections) {
        error_code ignored;  // without it a token would wait until the one before is acknowledged
        socket.set_option(tcp::no_delay(true), ignored);
        connections_.push_back(Connection::start(std::move(socket), context_));
      }
      accept(acceptor);
    });
  }

  Api api_;
  Log& log_;
  lsp::EventLoop loop_;
  asio::ssl::context tls_{asio::ssl::context::tls_server};
  const ConnectionContext context_;
  tcp::acceptor first_{loop_.context()};
  tcp::acceptor second_{loop_.context()};
  uint16_t port_ = 0;
  bool is_draining_ = false;
  std::vector<std::weak_ptr<Connection>> connections_;
  std::jthread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::create(const HttpOptions& options, Api api,
                                                       Log& log) {
  auto impl = std::make_unique<Impl>(options, std::move(api), log);
  FATHOM_CHECK(impl->open(options));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

void HttpServer::drain(std::chrono::milliseconds limit) { impl_->drain(limit); }
uint16_t HttpServer::port() const { return impl_->port(); }

}  // namespace fathom::http
