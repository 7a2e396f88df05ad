#include <nlohmann/json.hpp>

#include "http/handlers/handlers.h"
#include "http/reply.h"

namespace fathom::http {

/// GET /health: a model that is loaded on demand is well; one that cannot be loaded is not.
void health(const Api& api, const ExchangePtr& exchange) {
  using Phase = completion::ModelState::Phase;
  const completion::ModelState state =
      api.models.state(completion::Role::completion, completion::Reach::this_machine);
  if (state.phase == Phase::failed) return reply_error(*exchange, 503, state.error);
  if (state.phase == Phase::loading) return reply_error(*exchange, 503, "Loading model");
  reply_json(*exchange, 200, {{"status", "ok"}});
}

}  // namespace fathom::http
