// llama.cpp's own server: POST /completion (tools/server/README.md of llama.cpp).

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "completion/remote/protocol.h"
#include "completion/remote/read_json.h"

namespace fathom::completion {
namespace {

using engine::TokenId;

/// Above any difference of two logits, and small enough to keep the order of those it is added to.
constexpr int kBias = 1000;

class LlamaServer final : public Protocol {
 public:
  explicit LlamaServer(std::shared_ptr<const engine::Tokenizer> tokenizer)
      : tokenizer_(std::move(tokenizer)) {}

  Abilities abilities() const override { return {.chooses = true}; }
  std::string path(const Ask&) const override { return "/completion"; }

  std::string body(const Ask& ask) const override {
    Json body = {{"prompt", ask.prompt},
                 {"n_predict", ask.n_tokens},
                 {"stream", ask.stream},
                 {"cache_prompt", true},
                 {"return_tokens", true},
                 {"n_probs", ask.n_candidates},
                 {"temperature", ask.sampling.temperature},
                 {"samplers", {"top_p", "min_p", "temperature"}},
                 {"top_p", ask.sampling.top_p},
                 {"min_p", ask.sampling.min_p},
                 {"seed", static_cast<uint32_t>(ask.sampling.seed)}};
    if (ask.forbid_end) body["ignore_eos"] = true;
    if (!ask.only.empty()) {
      Json bias = Json::array();
      for (const TokenId id : ask.only) bias.push_back({id, kBias});
      body["logit_bias"] = std::move(bias);
    }
    return body.dump();
  }

  Result<ServerReply> read(std::string_view data) const override {
    FATHOM_TRY(json, parse_reply(data));
    ServerReply reply;
    reply.done = flag_in(json, "stop");
    reply.ended = reply.done && text_in(json, "stop_type") == "eos";
    if (const Json* timings = find(json, "timings"))
      reply.reused_tokens = static_cast<int>(integer_in(*timings, "cache_n").value_or(0));
    const Json* ids = find(json, "tokens");
    if (!ids || !ids->is_array()) return unexpected("it has no tokens");
    const Json* places = find(json, "completion_probabilities");
    size_t place = 0;
    for (const Json& id : *ids) {
      const std::optional<int64_t> value = as_integer(id);
      if (!value || !is_token(*value)) return unexpected("a token is not of the vocabulary");
      ServerToken token{.id = static_cast<TokenId>(*value)};
      // Tokens inside of a character have no probabilities.
      if (places && places->is_array() && place < places->size() &&
          integer_in((*places)[place], "id") == value)
        read_candidates((*places)[place++], token);
      reply.tokens.push_back(std::move(token));
    }
    // In a stream the first tokens of a character are held back and then left out: only its text
    // tells of them.
    if (!reply.done && reply.tokens.size() == 1) restore_character(json, reply.tokens);
    return reply;
  }

 private:
  bool is_token(int64_t id) const { return id >= 0 && id < tokenizer_->vocab_size(); }

  void read_candidates(const Json& place, ServerToken& token) const {
    token.logprob = static_cast<float>(number_in(place, "logprob").value_or(0));
    const Json* top = find(place, "top_logprobs");
    if (!top || !top->is_array()) return;
    for (const Json& entry : *top) {
      const std::optional<int64_t> id = integer_in(entry, "id");
      const std::optional<double> logprob = number_in(entry, "logprob");
      if (id && logprob && is_token(*id))
        token.candidates.push_back({static_cast<TokenId>(*id), static_cast<float>(*logprob)});
    }
  }

  void restore_character(const Json& json, std::vector<ServerToken>& tokens) const {
    const std::string content = text_in(json, "content");
    const std::string_view last = tokenizer_->bytes(tokens[0].id);
    if (tokenizer_->is_special(tokens[0].id) || content.size() <= last.size()) return;
    const std::vector<TokenId> ids = tokenizer_->encode(content);
    const float logprob = tokens[0].logprob;
    tokens.clear();
    for (const TokenId id : ids) tokens.push_back({.id = id, .logprob = logprob});
  }

  const std::shared_ptr<const engine::Tokenizer> tokenizer_;
};

}  // namespace

std::unique_ptr<Protocol> llama_server_protocol(
    std::shared_ptr<const engine::Tokenizer> tokenizer) {
  return std::make_unique<LlamaServer>(std::move(tokenizer));
}

}  // namespace fathom::completion
