#include <set>

#include <nlohmann/json.hpp>

#include "http/handlers/handlers.h"
#include "http/reply.h"

namespace fathom::http {

/// GET /v1/models: one for each role, loaded or not.
void models(const Api& api, const ExchangePtr& exchange) {
  Json data = Json::array();
  std::set<std::string> seen;
  for (const completion::Role role : completion::kRoles) {
    const completion::ModelState state = api.models.state(role);
    const std::string id = model_id(state);
    if (!seen.insert(id).second) continue;
    data.push_back({{"id", id},
                    {"object", "model"},
                    {"created", 0},
                    {"owned_by", "fathom"},
                    {"state", completion::name_of(state.phase)}});
  }
  reply_json(*exchange, 200, {{"object", "list"}, {"data", data}});
}

}  // namespace fathom::http
