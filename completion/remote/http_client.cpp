#include "completion/remote/http_client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "completion/remote/look_up_host.h"

namespace fathom::completion {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using beast::error_code;
using tcp = asio::ip::tcp;
using std::chrono::steady_clock;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

constexpr uint32_t kMaxHeaderBytes = 32 << 10;
constexpr size_t kMaxBodyBytes = 64 << 20;  // of an answer: many times the longest generation
constexpr size_t kMaxErrorBytes = 64 << 10;
constexpr size_t kReadBytes = 16 << 10;
constexpr size_t kMaxIdle = 4;

using TlsStream = beast::ssl_stream<beast::tcp_stream>;

std::optional<std::chrono::seconds> seconds_of(std::string_view text) {
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  // The other form, a date, is not worth trusting somebody's clock for.
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0) return std::nullopt;
  return std::chrono::seconds(std::min<int64_t>(seconds, 24 * 60 * 60));
}

}  // namespace

struct HttpClient::Connection {
  std::unique_ptr<beast::tcp_stream> plain;  // or
  std::unique_ptr<TlsStream> tls;
  beast::flat_buffer buffer;
  bool is_used = false;  // it has carried a request before
  bool may_be_kept = false;

  beast::tcp_stream& lowest() { return tls ? beast::get_lowest_layer(*tls) : *plain; }
};

HttpClient::HttpClient(asio::any_io_executor executor, HttpSettings settings)
    : executor_(std::move(executor)), settings_(std::move(settings)) {}

HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::create(asio::any_io_executor executor,
                                                       HttpSettings settings) {
  std::unique_ptr<HttpClient> client(new HttpClient(std::move(executor), std::move(settings)));
  asio::ssl::context& tls = client->tls_;
  const HttpSettings& given = client->settings_;
  const auto cannot = [](const char* key, const std::string& file, const error_code& error) {
    return fail(ErrorCode::io, "{} = \"{}\" cannot be used: {}", key, file, error.message());
  };
  error_code error;
  if (!given.url.tls) return client;
  tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                  asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                  asio::ssl::context::no_tlsv1_1);
  tls.set_verify_mode(asio::ssl::verify_peer, error);
  tls.set_verify_callback(asio::ssl::host_name_verification(given.url.host), error);
  if (error) return fail(ErrorCode::internal, "TLS cannot be set up: {}", error.message());
  if (given.ca_file.empty()) {
    tls.set_default_verify_paths(error);
    if (error) return fail(ErrorCode::io, "the system's certificates: {}", error.message());
  } else if (tls.load_verify_file(given.ca_file, error)) {
    return cannot("remote.ca_file", given.ca_file, error);
  }
  if (given.client_certificate.empty()) return client;
  if (tls.use_certificate_chain_file(given.client_certificate, error))
    return cannot("remote.client_certificate", given.client_certificate, error);
  const std::string& key = given.client_key.empty() ? given.client_certificate : given.client_key;
  if (tls.use_private_key_file(key, asio::ssl::context::pem, error))
    return cannot("remote.client_key", key, error);
  return client;
}

namespace {

/// What went wrong, for people; `phase` as in "while connecting".
std::string explain(const ServerUrl& url, std::string_view phase, const error_code& error,
                    std::chrono::milliseconds limit) {
  const std::string origin = url.origin();
  if (error == beast::error::timeout)
    return fmt::format("{} did not answer within {} ms {}", origin, limit.count(), phase);
  if (error == asio::error::connection_refused)
    return fmt::format("{} refuses connections: is the server running?", origin);
  if (error == asio::error::host_not_found || error == asio::error::host_not_found_try_again)
    return fmt::format("there is no host {}", url.host);
  if (error == http::error::end_of_stream || error == http::error::partial_message ||
      error == asio::error::connection_reset || error == asio::error::eof ||
      error == asio::error::broken_pipe || error == asio::ssl::error::stream_truncated)
    return fmt::format("{} closed the connection {}", origin, phase);
  return fmt::format("{}: {} {}", origin, error.message(), phase);
}

tl::unexpected<HttpFailure> failure(bool answered, ErrorCode code, std::string message) {
  return tl::unexpected(HttpFailure{{code, std::move(message)}, answered});
}

/// Of a phase that went wrong.
tl::unexpected<HttpFailure> failure(bool answered, const ServerUrl& url, std::string_view phase,
                                    const error_code& error, std::chrono::milliseconds limit) {
  return tl::unexpected(HttpFailure{{ErrorCode::io, explain(url, phase, error, limit)},
                                    answered,
                                    error == beast::error::timeout});
}

tl::unexpected<HttpFailure> aborted(bool answered) {
  return failure(answered, ErrorCode::cancelled, "cancelled");
}

/// Makes a closed connection of whatever waits once `call` is aborted.
struct Guard {
  Guard(std::function<void()>& slot, std::function<void()> stop) : slot_(slot) {
    slot_ = std::move(stop);
  }
  ~Guard() { slot_ = nullptr; }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  std::function<void()>& slot_;
};

/// Asks a proxy for a way through to the server.
asio::awaitable<Status> open_tunnel(beast::tcp_stream& stream, const ServerUrl& proxy,
                                    const ServerUrl& url, std::chrono::milliseconds limit) {
  const std::string target = fmt::format("{}:{}", url.host, url.port);
  http::request<http::empty_body> request(http::verb::connect, target, 11);
  request.set(http::field::host, target);
  stream.expires_after(limit);
  auto [write_error, n_written] = co_await http::async_write(stream, request, kAwait);
  if (write_error)
    co_return fail(ErrorCode::io, "{}", explain(proxy, "as a proxy", write_error, limit));
  http::response_parser<http::empty_body> parser;
  parser.header_limit(kMaxHeaderBytes);
  parser.skip(true);
  beast::flat_buffer buffer;
  auto [error, n_read] = co_await http::async_read_header(stream, buffer, parser, kAwait);
  if (error) co_return fail(ErrorCode::io, "{}", explain(proxy, "as a proxy", error, limit));
  if (parser.get().result() != http::status::ok)
    co_return fail(ErrorCode::io, "the proxy {} does not let {} through: status {}", proxy.origin(),
                   url.origin(), parser.get().result_int());
  co_return Status();
}

}  // namespace

asio::awaitable<tl::expected<std::unique_ptr<HttpClient::Connection>, HttpFailure>>
HttpClient::connect(HttpCall& call) {
  const HttpTimes& times = settings_.times;
  const ServerUrl& url = settings_.url;
  const ServerUrl& next = settings_.proxy ? *settings_.proxy : url;
  const HostLookUp look_up = look_up_by_system;
  const HostAddresses addresses =
      co_await look_up_host(next.host, next.port, times.connect, call.stop_, look_up);
  if (call.aborted()) co_return aborted(false);
  if (addresses.error)
    co_return failure(false, next, "for its address", addresses.error, times.connect);

  auto connection = std::make_unique<Connection>();
  if (url.tls) {
    connection->tls = std::make_unique<TlsStream>(beast::tcp_stream(executor_), tls_);
  } else {
    connection->plain = std::make_unique<beast::tcp_stream>(executor_);
  }
  beast::tcp_stream& stream = connection->lowest();
  const Guard guard(call.stop_, [&stream] { stream.close(); });
  stream.expires_after(times.connect);
  auto [connect_error, endpoint] = co_await stream.async_connect(addresses.endpoints, kAwait);
  if (call.aborted()) co_return aborted(false);
  if (connect_error)
    co_return failure(false, next, "while connecting", connect_error, times.connect);
  error_code ignored;
  stream.socket().set_option(tcp::no_delay(true), ignored);
  if (!url.tls) co_return connection;

  if (settings_.proxy) {
    const Status through = co_await open_tunnel(stream, next, url, times.connect);
    if (call.aborted()) co_return aborted(false);
    if (!through) co_return tl::unexpected(HttpFailure{through.error(), false});
  }
  // Servers with several names choose their certificate by it. An address is no name.
  if (asio::ip::make_address(url.host, ignored); ignored)
    SSL_set_tlsext_host_name(connection->tls->native_handle(), url.host.c_str());
  stream.expires_after(times.tls);
  auto [tls_error] =
      co_await connection->tls->async_handshake(asio::ssl::stream_base::client, kAwait);
  if (call.aborted()) co_return aborted(false);
  const long verified = SSL_get_verify_result(connection->tls->native_handle());
  if (tls_error && verified != X509_V_OK) {
    co_return failure(false, ErrorCode::io,
                      fmt::format("the certificate of {} is not one to trust: {}. If it is of a "
                                  "CA of your own, name that CA's file in remote.ca_file",
                                  url.origin(), X509_verify_cert_error_string(verified)));
  }
  if (tls_error) co_return failure(false, url, "while TLS was agreed on", tls_error, times.tls);
  co_return connection;
}

namespace {

/// One request and its answer on a stream.
template <class Stream>
asio::awaitable<HttpResult> exchange_on(Stream& stream, beast::flat_buffer& buffer,
                                        http::request<http::string_body>& request,
                                        const HttpSettings& settings, const HttpCall& call,
                                        const HttpClient::OnBody& on_body, bool& may_be_kept) {
  const ServerUrl& url = settings.url;
  const HttpTimes& times = settings.times;
  beast::tcp_stream& lowest = beast::get_lowest_layer(stream);
  lowest.expires_after(times.answer);
  // A server that answers before it has read everything (too large, no token) may close: its
  // answer is worth more than the error of writing.
  auto [write_error, n_written] = co_await http::async_write(stream, request, kAwait);
  if (call.aborted()) co_return aborted(false);

  http::response_parser<http::buffer_body> parser;
  parser.header_limit(kMaxHeaderBytes);
  parser.body_limit(boost::none);
  auto [head_error, n_head] = co_await http::async_read_header(stream, buffer, parser, kAwait);
  if (call.aborted()) co_return aborted(n_head > 0);
  if (head_error) {
    const error_code& error = write_error ? write_error : head_error;
    co_return failure(n_head > 0 || buffer.size() > 0, url, "before it answered", error,
                      times.answer);
  }

  const auto& head = parser.get();
  const auto text = [&](http::field field) { return std::string(head[field]); };
  HttpAnswer answer{.status = static_cast<int>(head.result_int()),
                    .location = text(http::field::location),
                    .retry_after = seconds_of(text(http::field::retry_after))};
  const bool streams = answer.status == 200 && on_body;
  const size_t most = answer.status == 200 ? kMaxBodyBytes : kMaxErrorBytes;
  size_t n_bytes = 0;
  std::array<char, kReadBytes> chunk;
  auto deadline = steady_clock::now() + times.event;
  while (!parser.is_done()) {
    parser.get().body().data = chunk.data();
    parser.get().body().size = chunk.size();
    lowest.expires_at(deadline);
    auto [error, n_read] = co_await http::async_read_some(stream, buffer, parser, kAwait);
    if (call.aborted()) co_return aborted(true);
    if (error && error != http::error::need_buffer)
      co_return failure(true, url, "in the middle of its answer", error, times.event);
    const std::string_view bytes(chunk.data(), chunk.size() - parser.get().body().size);
    n_bytes += bytes.size();
    if (n_bytes > most)
      co_return failure(true, ErrorCode::corrupt,
                        fmt::format("{}: its answer is longer than {} bytes", url.origin(), most));
    if (bytes.empty()) continue;
    if (!streams) {
      answer.body += bytes;
      continue;
    }
    const HttpClient::Take take = on_body(bytes);
    if (take == HttpClient::Take::enough) co_return answer;
    if (take == HttpClient::Take::progress) deadline = steady_clock::now() + times.event;
  }
  may_be_kept = parser.keep_alive();
  co_return answer;
}

}  // namespace

asio::awaitable<HttpResult> HttpClient::exchange(Connection& connection, const HttpRequest& request,
                                                 HttpCall& call, const OnBody& on_body) {
  const ServerUrl& url = settings_.url;
  std::string target = url.base + request.path;
  if (settings_.proxy && !url.tls) target = url.origin() + target;
  http::request<http::string_body> message(request.post ? http::verb::post : http::verb::get,
                                           target, 11);
  message.set(http::field::host, url.authority());
  message.set(http::field::user_agent, "fathom");
  message.set(http::field::accept, on_body ? "text/event-stream" : "application/json");
  message.set(http::field::accept_encoding, "identity");
  if (!settings_.token.empty())
    message.set(http::field::authorization, "Bearer " + settings_.token);
  if (request.post) message.set(http::field::content_type, "application/json");
  message.body() = request.body;
  message.prepare_payload();
  const Guard guard(call.stop_, [&connection] { connection.lowest().close(); });
  if (connection.tls)
    co_return co_await exchange_on(*connection.tls, connection.buffer, message, settings_, call,
                                   on_body, connection.may_be_kept);
  co_return co_await exchange_on(*connection.plain, connection.buffer, message, settings_, call,
                                 on_body, connection.may_be_kept);
}

asio::awaitable<HttpResult> HttpClient::send(const HttpRequest& request, HttpCall& call,
                                             const OnBody& on_body) {
  while (!call.aborted()) {
    std::unique_ptr<Connection> connection;
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    } else {
      auto made = co_await connect(call);
      if (!made) co_return tl::unexpected(std::move(made.error()));
      connection = std::move(*made);
    }
    const bool was_used = std::exchange(connection->is_used, true);
    connection->may_be_kept = false;
    HttpResult result = co_await exchange(*connection, request, call, on_body);
    if (connection->may_be_kept) keep(std::move(connection));
    // The server let go of a connection that nobody used for a while. It has seen nothing of this
    // request, or would have answered; a new connection tells whether it is there.
    const bool was_stale =
        !result && was_used && !result.error().answered && !result.error().timed_out;
    if (was_stale && !call.aborted()) {
      idle_.clear();
      continue;
    }
    co_return result;
  }
  co_return aborted(false);
}

asio::awaitable<void> HttpClient::pause(std::chrono::milliseconds duration, HttpCall& call) {
  asio::steady_timer timer(executor_, duration);
  const Guard guard(call.stop_, [&timer] { timer.cancel(); });
  co_await timer.async_wait(kAwait);
}

void HttpClient::keep(std::unique_ptr<Connection> connection) {
  connection->lowest().expires_never();
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(connection));
}

}  // namespace fathom::completion
