#include <nlohmann/json.hpp>

#include "engine/tokenizer/tokenizer.h"
#include "http/generation.h"
#include "http/handlers/handlers.h"
#include "http/reply.h"

namespace fathom::http {
namespace {

struct Question {
  std::string content;
  bool add_special = false;  // the begin of a text
  bool with_pieces = false;
};

Result<Question> read(const Request& request) {
  FATHOM_TRY(body, parse_body(request.body));
  FATHOM_TRY(content, text_at(body, "content", ""));
  FATHOM_TRY(add_special, flag_at(body, "add_special", false));
  FATHOM_TRY(with_pieces, flag_at(body, "with_pieces", false));
  return Question{std::move(content), add_special, with_pieces};
}

}  // namespace

/// POST /tokenize, as llama-server's.
void tokenize(const Api& api, const ExchangePtr& exchange) {
  Result<Question> question = read(exchange->request());
  if (!question) return reply_error(*exchange, question.error());
  with_model(
      api, exchange, completion::Role::completion,
      [exchange, question = std::move(*question)](const engine::Generator& generator) {
        std::vector<engine::TokenId> ids;
        const engine::ModelTraits& traits = generator.traits();
        if (question.add_special && traits.adds_bos) ids.push_back(traits.bos);
        generator.tokenizer().encode(question.content, ids);
        Json tokens = Json::array();
        for (const engine::TokenId id : ids) {
          if (question.with_pieces) {
            tokens.push_back({{"id", id}, {"piece", std::string(generator.tokenizer().bytes(id))}});
          } else {
            tokens.push_back(id);
          }
        }
        reply_json(*exchange, 200, {{"tokens", tokens}});
      });
}

}  // namespace fathom::http
