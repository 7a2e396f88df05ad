#include <utility>

#include "http/handlers/handlers.h"
#include "http/reply.h"

namespace fathom::http {

/// GET /metrics
void metrics(const Api& api, const ExchangePtr& exchange) {
  if (!api.metrics) return reply_error(*exchange, 404, "there are no metrics here");
  api.metrics([exchange](std::string page) {
    exchange->reply(200, "text/plain; version=0.0.4", std::move(page));
  });
}

}  // namespace fathom::http
