// OpenAI's completions: POST /v1/completions, as vLLM, SGLang and fathom answer it. What vLLM adds
// to them: docs.vllm.ai, "OpenAI-Compatible Server", extra parameters. Of chats: openai_chat.h.

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

#include <nlohmann/json.hpp>

#include "completion/remote/openai_chat.h"
#include "completion/remote/protocol.h"
#include "completion/remote/read_json.h"

namespace fathom::completion {
namespace {

using engine::TokenId;

/// How vLLM writes tokens whose ids were asked for.
constexpr std::string_view kTokenPrefix = "token_id:";

/// Servers allow no more.
constexpr int kMaxCandidates = 20;

class OpenAi final : public Protocol {
 public:
  OpenAi(std::shared_ptr<const engine::Tokenizer> tokenizer, OpenAiFeatures features)
      : tokenizer_(std::move(tokenizer)), features_(std::move(features)) {}

  Abilities abilities() const override {
    return {.chooses = features_.has_token_ids,
            .takes_prompts = !features_.lays_out,
            .completes = features_.completes};
  }

  std::string path(const Ask& ask) const override {
    return is_chat(ask) ? "/v1/chat/completions" : "/v1/completions";
  }

  std::string body(const Ask& ask) const override {
    OrderedJson body = {{"max_tokens", std::max(ask.n_tokens, 1)},
                        {"stream", ask.stream},
                        {"temperature", ask.sampling.temperature},
                        {"top_p", ask.sampling.top_p}};
    if (is_chat(ask)) {
      add_conversation(ask, *tokenizer_, body);
    } else if (features_.lays_out) {
      add_hole(ask.prompt, body);
    } else if (features_.takes_tokens) {
      body["prompt"] = ask.prompt;
    } else {
      body["prompt"] = text_of(ask.prompt);
    }
    if (!features_.model.empty()) body["model"] = features_.model;
    if (ask.sampling.temperature > 0) body["seed"] = ask.sampling.seed & 0x7fffffff;
    if (features_.has_token_ids) {
      body["logprobs"] = std::min(ask.n_candidates, kMaxCandidates);
      body["return_tokens_as_token_ids"] = true;
      body["skip_special_tokens"] = false;
      body["min_p"] = ask.sampling.min_p;
      if (ask.forbid_end) body["ignore_eos"] = true;
      if (!ask.only.empty()) body["allowed_token_ids"] = ask.only;
    }
    return body.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  }

  Result<ServerReply> read(std::string_view data) const override {
    if (data == "[DONE]") return ServerReply{.done = true};
    FATHOM_TRY(json, parse_reply(data));
    ServerReply reply;
    if (const Json* usage = find(json, "usage"))
      if (const Json* details = find(*usage, "prompt_tokens_details"))
        reply.reused_tokens = static_cast<int>(integer_in(*details, "cached_tokens").value_or(0));
    const Json* choices = find(json, "choices");
    if (!choices || !choices->is_array()) return unexpected("it has no choices");
    if (choices->empty()) return reply;  // only of usage
    const Json& choice = (*choices)[0];
    reply.ended = text_in(choice, "finish_reason") == "stop";
    const Json* logprobs = find(choice, "logprobs");
    ChatText chat = chat_text(choice);
    reply.reasoning = std::move(chat.reasoning);
    const std::string text = text_in(choice, "text") + chat.text;
    if (features_.has_token_ids && logprobs) {
      FATHOM_CHECK(read_tokens(*logprobs, reply.tokens));
    } else if (features_.has_token_ids && !text.empty()) {
      return unexpected("it has no logprobs");
    } else {
      for (const TokenId id : tokens_of(text)) reply.tokens.push_back({.id = id});
    }
    return reply;
  }

 private:
  bool is_chat(const Ask& ask) const {
    return ask.conversation && (features_.lays_out || !ask.schema.empty());
  }

  /// The text on both sides of the hole; without one, all of it is before it. A prompt may go on
  /// behind its suffix, with what the middle begins with.
  void add_hole(std::span<const TokenId> prompt, OrderedJson& body) const {
    const auto at = [&](engine::SpecialRole role) {
      const std::optional<TokenId> id = tokenizer_->special(role);
      return id ? std::ranges::find(prompt, *id) : prompt.end();
    };
    const auto hole = at(engine::SpecialRole::fim_hole);
    const auto end = std::max(hole, at(engine::SpecialRole::fim_end));
    std::vector<TokenId> before(prompt.begin(), hole);
    if (end != prompt.end()) before.insert(before.end(), end + 1, prompt.end());
    std::erase_if(before, [&](TokenId id) { return tokenizer_->is_special(id); });
    body["prompt"] = tokenizer_->decode(before);
    if (hole == prompt.end()) return;
    std::string suffix = tokenizer_->decode({hole + 1, end});
    // Without one it would be no hole.
    body["suffix"] = suffix.empty() ? "\n" : std::move(suffix);
  }

  std::string text_of(const std::vector<TokenId>& prompt) const {
    std::string text;
    for (size_t i = 0; i < prompt.size(); ++i) {
      // Servers put it in front of texts themselves.
      if (i == 0 && prompt[0] == tokenizer_->special(engine::SpecialRole::bos)) continue;
      text += tokenizer_->bytes(prompt[i]);
    }
    return text;
  }

  /// The model writes special tokens where the text spells them.
  std::vector<TokenId> tokens_of(std::string_view text) const {
    std::vector<TokenId> ids;
    tokenizer_->encode_with_special(text, ids);
    return ids;
  }

  std::optional<TokenId> token_of(std::string_view text) const {
    if (!text.starts_with(kTokenPrefix)) return std::nullopt;
    text.remove_prefix(kTokenPrefix.size());
    TokenId id = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    const bool good = error == std::errc() && end == text.data() + text.size() && id >= 0 &&
                      id < tokenizer_->vocab_size();
    return good ? std::optional(id) : std::nullopt;
  }

  Status read_tokens(const Json& logprobs, std::vector<ServerToken>& tokens) const {
    const Json* names = find(logprobs, "tokens");
    const Json* values = find(logprobs, "token_logprobs");
    const Json* tops = find(logprobs, "top_logprobs");
    if (!names || !names->is_array()) return unexpected("its logprobs have no tokens");
    for (size_t i = 0; i < names->size(); ++i) {
      const Json& name = (*names)[i];
      const std::optional<TokenId> id =
          name.is_string() ? token_of(name.get_ref<const std::string&>()) : std::nullopt;
      if (!id) return unexpected("a token is not of the vocabulary");
      ServerToken token{.id = *id};
      if (values && values->is_array() && i < values->size() && (*values)[i].is_number())
        token.logprob = (*values)[i].get<float>();
      if (tops && tops->is_array() && i < tops->size()) read_candidates((*tops)[i], token);
      tokens.push_back(std::move(token));
    }
    return {};
  }

  void read_candidates(const Json& top, ServerToken& token) const {
    if (!top.is_object()) return;
    for (const auto& [name, value] : top.items()) {
      const std::optional<TokenId> id = token_of(name);
      if (id && value.is_number()) token.candidates.push_back({*id, value.get<float>()});
    }
    std::ranges::stable_sort(token.candidates, std::ranges::greater{}, &Candidate::logprob);
  }

  const std::shared_ptr<const engine::Tokenizer> tokenizer_;
  const OpenAiFeatures features_;
};

}  // namespace

std::unique_ptr<Protocol> openai_protocol(std::shared_ptr<const engine::Tokenizer> tokenizer,
                                          OpenAiFeatures features) {
  return std::make_unique<OpenAi>(std::move(tokenizer), std::move(features));
}

}  // namespace fathom::completion
