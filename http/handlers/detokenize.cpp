#include <cstdint>
#include <limits>

#include <nlohmann/json.hpp>

#include "engine/tokenizer/tokenizer.h"
#include "http/generation.h"
#include "http/handlers/handlers.h"
#include "http/reply.h"

namespace fathom::http {

/// POST /detokenize, as llama-server's.
void detokenize(const Api& api, const ExchangePtr& exchange) {
  Result<Json> body = parse_body(exchange->request().body);
  if (!body) return reply_error(*exchange, body.error());
  std::vector<engine::TokenId> ids;
  const Json tokens = body->value("tokens", Json::array());
  for (const Json& id : tokens) {
    if (!id.is_number_integer() || id < 0 || id > std::numeric_limits<engine::TokenId>::max())
      return reply_error(*exchange, 400, "`tokens` must be an array of token ids");
    ids.push_back(id);
  }
  with_model(api, exchange, completion::Role::completion,
             [exchange, ids = std::move(ids)](const engine::Generator& generator) {
               reply_json(*exchange, 200, {{"content", generator.tokenizer().decode(ids)}});
             });
}

}  // namespace fathom::http
