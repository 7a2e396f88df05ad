#include "http/api.h"

#include "http/handlers/handlers.h"
#include "http/reply.h"

namespace fathom::http {
namespace {

struct Route {
  const char* method;
  const char* path;
  void (*handle)(const Api& api, const ExchangePtr& exchange);
};

constexpr Route kRoutes[] = {
    {"GET", "/health", health},
    {"GET", "/metrics", metrics},
    {"GET", "/v1/models", models},
    {"POST", "/v1/completions", completions},
    {"POST", "/v1/chat/completions", chat_completions},
    {"POST", "/infill", infill},
    {"POST", "/tokenize", tokenize},
    {"POST", "/detokenize", detokenize},
};

}  // namespace

void answer(const Api& api, const ExchangePtr& exchange) {
  const Request& request = exchange->request();
  bool known_path = false;
  for (const Route& route : kRoutes) {
    if (request.path != route.path) continue;
    known_path = true;
    if (request.method == route.method) return route.handle(api, exchange);
  }
  if (known_path) return reply_error(*exchange, 405, "this path takes another method");
  reply_error(*exchange, 404, "there is no such path here; docs/http.md lists what there is");
}

}  // namespace fathom::http
