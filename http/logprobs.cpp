#include "http/logprobs.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/base/text.h"

namespace fathom::http {
namespace {

constexpr int kMaxCandidates = 20;  // as vLLM has it

}  // namespace

Result<LogprobsWish> logprobs_at(const Json& body) {
  FATHOM_TRY(n, integer_at(body, "logprobs", -1, 0, kMaxCandidates));
  FATHOM_TRY(as_ids, flag_at(body, "return_tokens_as_token_ids", false));
  return LogprobsWish{.wanted = n >= 0, .n_candidates = std::max(0, int(n)), .as_ids = as_ids};
}

void Logprobs::add(const engine::TokenEvent& event, const engine::Tokenizer& tokenizer) {
  const auto name = [&](engine::TokenId id, std::string_view bytes) {
    return wish_.as_ids ? fmt::format("token_id:{}", id) : to_valid_utf8(bytes);
  };
  Token token{.name = name(event.id, event.bytes), .logprob = event.logprob, .offset = n_bytes_};
  for (const engine::Candidate& candidate : event.candidates)
    token.candidates.emplace_back(name(candidate.id, tokenizer.bytes(candidate.id)),
                                  candidate.logprob);
  tokens_.push_back(std::move(token));
  n_bytes_ += event.bytes.size();
}

Json Logprobs::take() {
  Json json = {{"tokens", Json::array()},
               {"token_logprobs", Json::array()},
               {"top_logprobs", Json::array()},
               {"text_offset", Json::array()}};
  for (const Token& token : std::exchange(tokens_, {})) {
    json["tokens"].push_back(token.name);
    json["token_logprobs"].push_back(token.logprob);
    Json& top = json["top_logprobs"].emplace_back(Json::object());
    for (const auto& [name, logprob] : token.candidates) top[name] = logprob;
    json["text_offset"].push_back(token.offset);
  }
  return json;
}

}  // namespace fathom::http
