#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "http/handlers/handlers.h"
#include "http/reply.h"

namespace fathom::http {

/// GET /v1/models: one for each role, loaded or not.
void models(const Api& api, const ExchangePtr& exchange) {
  Json data = Json::array();
  std::set<std::string> seen;
  for (const completion::Role role : completion::kRoles) {
    const completion::ModelState state = api.models.state(role, completion::Reach::this_machine);
    const std::string id = model_id(state);
    if (!seen.insert(id).second) continue;
    Json model = {{"id", id},
                  {"object", "model"},
                  {"created", 0},
                  {"owned_by", "fathom"},
                  {"state", completion::name_of(state.phase)}};
    // As vLLM names it; known once the model is loaded.
    if (state.info.context_tokens > 0) model["max_model_len"] = state.info.context_tokens;
    data.push_back(std::move(model));
  }
  reply_json(*exchange, 200, {{"object", "list"}, {"data", data}});
}

}  // namespace fathom::http
