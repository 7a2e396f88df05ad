// One HTTP request, and the way back to who asked.

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/base/cancel.h"

namespace fathom::http {

struct Request {
  std::string method;
  std::string path;  // without the query
  std::string body;
};

/// Exactly one answer: either reply(), or events and end_events(). What comes after it, or after
/// the client has gone, is dropped.
///
/// Threads: any, one at a time.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const Request& request() const = 0;
  /// Cancelled when the client has gone, does not read, or the server stops.
  virtual CancelToken cancel() const = 0;

  virtual void reply(int status, std::string_view content_type, std::string body) = 0;
  /// One event of a stream of server-sent events, which the first one begins. `data` is one line.
  /// Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
  virtual void event(std::string_view data) = 0;
  virtual void end_events() = 0;
};

using ExchangePtr = std::shared_ptr<Exchange>;

}  // namespace fathom::http
