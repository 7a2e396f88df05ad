// One client's connection: requests in, one after the other, answers out.
//
// Threads: that of the event loop; answers come from any.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "engine/base/log.h"
#include "http/exchange.h"
#include "http/guard.h"
#include "lsp/event_loop.h"

namespace fathom::http {

struct ConnectionContext {
  lsp::Poster post;
  Log& log;
  Reach reach;
  boost::asio::ssl::context* tls;  // null: none. It outlives the connections
  std::function<bool(std::string_view token)> is_authorized;  // as HttpOptions
  std::function<void(const ExchangePtr&)> answer;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  virtual ~Connection() = default;

  /// Begins to read. It lives until the client has gone or close() is called.
  static std::shared_ptr<Connection> start(boost::asio::ip::tcp::socket socket,
                                           const ConnectionContext& context);
  /// A request is being answered.
  virtual bool is_busy() const = 0;
  /// Cancels what is being answered and lets the client go.
  virtual void close() = 0;
};

}  // namespace fathom::http
