#include "http/connection.h"

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "http/guard.h"
#include "http/reply.h"

namespace fathom::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using beast::error_code;
using tcp = asio::ip::tcp;

constexpr uint32_t kMaxHeaderBytes = 16 << 10;
constexpr uint64_t kMaxBodyBytes = 16 << 20;
constexpr size_t kMaxUnreadBytes = 8 << 20;
constexpr std::chrono::seconds kRequestTime{60};  // to come, also the next one on a connection
constexpr std::chrono::seconds kWriteTime{60};    // for the client to take what is sent

std::string head(int status, std::string_view content_type, bool keep_alive) {
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nX-Content-Type-Options: nosniff\r\n"
      "Cache-Control: no-store\r\n{}{}",
      status, std::string(beast::http::obsolete_reason(static_cast<beast::http::status>(status))),
      content_type, status == 503 ? "Retry-After: 1\r\n" : "",
      keep_alive ? "" : "Connection: close\r\n");
}

class TcpExchange;

/// A connection as an exchange knows it.
class Outlet : public Connection {
 public:
  /// Of the exchange under way; what comes after its last piece is dropped.
  virtual void send(const TcpExchange* exchange, std::string bytes, bool is_last) = 0;
};

/// What handlers hold: posts everything to the connection's thread.
class TcpExchange final : public Exchange {
 public:
  TcpExchange(Request request, bool keep_alive, lsp::Poster post, std::weak_ptr<Outlet> connection)
      : request_(std::move(request)),
        keep_alive_(keep_alive),
        post_(std::move(post)),
        connection_(std::move(connection)) {}

  const Request& request() const override { return request_; }
  CancelToken cancel() const override { return cancel_.token(); }
  void reply(int status, std::string_view content_type, std::string body) override;
  void event(std::string_view data) override;
  void end_events() override;

  void give_up() { cancel_.cancel(); }

 private:
  void send(std::string bytes, bool is_last);

  const Request request_;
  const bool keep_alive_;
  const lsp::Poster post_;
  const std::weak_ptr<Outlet> connection_;
  CancelSource cancel_;
  bool has_begun_ = false;  // a stream
};

/// `Stream`: beast::tcp_stream, or TLS on it.
template <class Stream>
class TcpConnection final : public Outlet {
 public:
  template <class... Tls>
  TcpConnection(const ConnectionContext& context, tcp::socket socket, Tls&... tls)
      : stream_(std::move(socket), tls...), context_(context) {}

  void shake_hands() {
    tcp_stream().expires_after(kRequestTime);
    stream_.async_handshake(asio::ssl::stream_base::server, [self = shared()](error_code error) {
      error ? self->close() : self->read();
    });
  }

  void read() {
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    parser_->body_limit(kMaxBodyBytes);
    tcp_stream().expires_after(kRequestTime);
    beast::http::async_read(stream_, buffer_, *parser_,
                            [self = shared()](error_code error, size_t) { self->take(error); });
  }

  void close() override {
    give_up();
    error_code ignored;
    tcp_stream().socket().shutdown(tcp::socket::shutdown_both, ignored);
    tcp_stream().close();
  }

  bool is_busy() const override { return exchange_ || writing_; }

  void send(const TcpExchange* exchange, std::string bytes, bool is_last) override {
    if (exchange != exchange_.get() || !tcp_stream().socket().is_open()) return;
    n_unread_ += bytes.size();
    if (n_unread_ > kMaxUnreadBytes) {
      context_.log.warning("an HTTP client does not read its answer; it is let go");
      return close();
    }
    out_.push_back(std::move(bytes));
    if (is_last) exchange_.reset();
    if (!writing_) write();
  }

 private:
  std::shared_ptr<TcpConnection> shared() {
    return std::static_pointer_cast<TcpConnection>(this->shared_from_this());
  }
  beast::tcp_stream& tcp_stream() { return beast::get_lowest_layer(stream_); }

  void take(error_code error) {
    if (error == beast::http::error::body_limit)
      return refuse(413, fmt::format("the body is larger than {} bytes", kMaxBodyBytes));
    if (error == beast::http::error::header_limit)
      return refuse(431, fmt::format("the headers are larger than {} bytes", kMaxHeaderBytes));
    // Of this category are errors of what was said; others are of the connection.
    if (error == beast::http::error::end_of_stream) return close();
    if (error &&
        error.category() == make_error_code(beast::http::error::bad_line_ending).category())
      return refuse(400, "this is no HTTP request");
    if (error) return close();

    auto& message = parser_->get();
    keep_alive_ = message.keep_alive();
    const auto field = [&](beast::http::field name) {
      return std::string_view(message[name].data(), message[name].size());
    };
    const Status source = check_source(field(beast::http::field::host),
                                       field(beast::http::field::origin), context_.reach);
    if (!source) return refuse(403, source.error().message);
    if (context_.is_authorized &&
        !context_.is_authorized(bearer_token(field(beast::http::field::authorization))))
      return refuse(401, "this port needs the token that it was started with");
    const std::string_view target(message.target().data(), message.target().size());
    begin({.method = std::string(message.method_string()),
           .path = std::string(target.substr(0, target.find('?'))),
           .body = std::move(message.body())});
    context_.answer(exchange_);
  }

  void begin(Request request) {
    exchange_ =
        std::make_shared<TcpExchange>(std::move(request), keep_alive_, context_.post, shared());
    tcp_stream().expires_never();
    watch();
  }

  /// Refuses what cannot be answered, and the client: nobody knows where its next request begins.
  void refuse(int status, std::string_view message) {
    context_.log.warning("refused an HTTP request: {}", message);
    keep_alive_ = false;
    begin({});
    reply_error(*exchange_, status, message);
  }

  /// Notices that the client goes while it waits. One that says so over TLS first is noticed when
  /// something is sent to it.
  void watch() {
    tcp_stream().socket().async_wait(
        tcp::socket::wait_read,
        [self = shared(), watched = std::weak_ptr(exchange_)](error_code error) {
          if (error || watched.expired() || watched.lock() != self->exchange_) return;
          error_code ignored;
          if (self->tcp_stream().socket().available(ignored) == 0) self->close();
        });
  }

  void write() {
    writing_ = true;
    tcp_stream().expires_after(kWriteTime);
    asio::async_write(stream_, asio::buffer(out_.front()),
                      [self = shared()](error_code error, size_t) { self->wrote(error); });
  }

  void wrote(error_code error) {
    writing_ = false;
    if (error) return close();
    tcp_stream().expires_never();
    n_unread_ -= out_.front().size();
    out_.pop_front();
    if (!out_.empty()) return write();
    if (exchange_) return;
    if (keep_alive_) return read();
    close();
  }

  void give_up() {
    if (exchange_) exchange_->give_up();
    exchange_.reset();
  }

  Stream stream_;
  const ConnectionContext context_;
  beast::flat_buffer buffer_;
  std::optional<beast::http::request_parser<beast::http::string_body>> parser_;
  std::shared_ptr<TcpExchange> exchange_;  // that is being answered
  std::deque<std::string> out_;
  size_t n_unread_ = 0;  // bytes of out_
  bool writing_ = false;
  bool keep_alive_ = false;
};

void TcpExchange::send(std::string bytes, bool is_last) {
  // Who answers may hold the exchange until it is destroyed on another thread, so this may not.
  post_([connection = connection_, exchange = this, bytes = std::move(bytes), is_last]() mutable {
    if (const auto alive = connection.lock()) alive->send(exchange, std::move(bytes), is_last);
  });
}

void TcpExchange::reply(int status, std::string_view content_type, std::string body) {
  send(fmt::format("{}Content-Length: {}\r\n\r\n{}", head(status, content_type, keep_alive_),
                   body.size(), body),
       true);
}

void TcpExchange::event(std::string_view data) {
  std::string bytes;
  if (!has_begun_)
    bytes = head(200, "text/event-stream", keep_alive_) + "Transfer-Encoding: chunked\r\n\r\n";
  has_begun_ = true;
  const std::string event = fmt::format("data: {}\n\n", data);
  send(bytes + fmt::format("{:x}\r\n{}\r\n", event.size(), event), false);
}

void TcpExchange::end_events() { send("0\r\n\r\n", true); }

}  // namespace

std::shared_ptr<Connection> Connection::start(tcp::socket socket,
                                              const ConnectionContext& context) {
  if (!context.tls) {
    const auto connection =
        std::make_shared<TcpConnection<beast::tcp_stream>>(context, std::move(socket));
    connection->read();
    return connection;
  }
  const auto connection = std::make_shared<TcpConnection<beast::ssl_stream<beast::tcp_stream>>>(
      context, std::move(socket), *context.tls);
  connection->shake_hands();
  return connection;
}

}  // namespace fathom::http
