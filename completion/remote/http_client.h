// HTTP/1.1 to one server: connections that are kept, TLS that is verified, a time-out for each
// phase, bodies as they come.
//
// Threads: all of it on the thread of the executor.

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/context.hpp>

#include "completion/remote/http_times.h"
#include "completion/remote/server_url.h"
#include "engine/base/result.h"

namespace fathom::completion {

struct HttpSettings {
  ServerUrl url;
  std::string token;               // sent as a bearer token; "": none
  std::string ca_file;             // PEM; "": the system's
  std::string client_certificate;  // PEM, with its chain; "": none
  std::string client_key;          // PEM; "": in the certificate's file
  std::optional<ServerUrl> proxy;  // see proxy_for()
  HttpTimes times;
};

struct HttpRequest {
  bool post = true;
  std::string path;  // behind the server's base
  std::string body;  // JSON
};

struct HttpAnswer {
  int status = 0;
  std::string body;      // unless on_body took it
  std::string location;  // of a redirect, which is not followed
  std::optional<std::chrono::seconds> retry_after;
};

struct HttpFailure {
  Error error;
  /// Something of the answer had come: the server has begun to work on the request.
  bool answered = false;
  bool timed_out = false;
};

using HttpResult = tl::expected<HttpAnswer, HttpFailure>;

/// A request that is under way, for who may want to stop it.
class HttpCall final {
 public:
  /// Closes the connection at once; the call fails with ErrorCode::cancelled.
  void abort() {
    aborted_ = true;
    if (stop_) stop_();
  }
  bool aborted() const { return aborted_; }

 private:
  friend class HttpClient;
  std::function<void()> stop_;  // what is being waited for
  bool aborted_ = false;
};

class HttpClient final {
 public:
  /// What the one who reads a body says of a piece of it.
  enum class Take {
    more,      // nothing whole has come: the time goes on
    progress,  // something has
    enough,    // the rest is not wanted: closes the connection
  };
  using OnBody = std::function<Take(std::string_view bytes)>;

  /// Reads the certificates. Errors: io, invalid_argument; the message names the key.
  static Result<std::unique_ptr<HttpClient>> create(boost::asio::any_io_executor executor,
                                                    HttpSettings settings);
  ~HttpClient();

  /// Does nothing for so long, unless `call` is aborted.
  boost::asio::awaitable<void> pause(std::chrono::milliseconds duration, HttpCall& call);

  /// `on_body` gets the body of an answer with status 200; null: all of it is in the answer.
  /// All of these must outlive the call: GCC 12 destroys temporaries of a co_await twice, so that
  /// they have names at each call.
  boost::asio::awaitable<HttpResult> send(const HttpRequest& request, HttpCall& call,
                                          const OnBody& on_body);

 private:
  struct Connection;

  HttpClient(boost::asio::any_io_executor executor, HttpSettings settings);

  boost::asio::awaitable<tl::expected<std::unique_ptr<Connection>, HttpFailure>> connect(
      HttpCall& call);
  boost::asio::awaitable<HttpResult> exchange(Connection& connection, const HttpRequest& request,
                                              HttpCall& call, const OnBody& on_body);
  void keep(std::unique_ptr<Connection> connection);

  const boost::asio::any_io_executor executor_;
  const HttpSettings settings_;
  boost::asio::ssl::context tls_{boost::asio::ssl::context::tls_client};
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace fathom::completion
