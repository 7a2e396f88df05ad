#include <algorithm>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "engine/tokenizer/tokenizer.h"
#include "http/fim_prompt.h"
#include "http/generation.h"
#include "http/handlers/handlers.h"
#include "http/logprobs.h"
#include "http/openai_reply.h"
#include "http/text_stream.h"

namespace fathom::http {
namespace {

struct Question {
  std::string prompt;
  std::vector<engine::TokenId> tokens;  // instead of the prompt
  std::optional<std::string> suffix;
  int max_tokens = 16;
  engine::SamplingParams sampling;
  std::vector<std::string> stops;
  StreamOptions stream;
  LogprobsWish logprobs;
  // As vLLM has them.
  std::vector<engine::TokenId> allowed;
  bool ignore_end_tokens = false;
};

bool is_token_list(const Json& json) {
  return json.is_array() && !json.empty() && std::ranges::all_of(json, [](const Json& id) {
           return id.is_number_integer() && id >= 0 && id < (1 << 30);
         });
}

Result<Question> read(const Request& request) {
  Question question;
  FATHOM_TRY(body, parse_body(request.body));
  FATHOM_CHECK(refuse(body, {"n", "best_of", "echo", "logit_bias", "presence_penalty",
                             "frequency_penalty", "response_format", "grammar"}));
  const Json prompt = body.value("prompt", Json());
  if (is_token_list(prompt)) {
    question.tokens = prompt.get<std::vector<engine::TokenId>>();
  } else if (prompt.is_array() && prompt.size() == 1 && prompt[0].is_string()) {
    question.prompt = prompt[0];
  } else if (prompt.is_string()) {
    question.prompt = prompt;
  } else {
    return fail(ErrorCode::invalid_argument,
                "`prompt` must be one string, or an array of token ids");
  }
  if (body.contains("suffix") && !body["suffix"].is_null()) {
    FATHOM_TRY(suffix, text_at(body, "suffix", ""));
    question.suffix = std::move(suffix);
  }
  FATHOM_TRY(max_tokens, integer_at(body, "max_tokens", 16, 0, 1 << 20));
  question.max_tokens = int(max_tokens);
  FATHOM_TRY(sampling, sampling_at(body));
  question.sampling = sampling.over({});
  FATHOM_TRY(stops, stops_at(body));
  question.stops = std::move(stops);
  FATHOM_TRY(stream, stream_options_at(body));
  question.stream = stream;
  FATHOM_TRY(logprobs, logprobs_at(body));
  question.logprobs = logprobs;
  if (const Json allowed = body.value("allowed_token_ids", Json()); !allowed.is_null()) {
    if (!is_token_list(allowed))
      return fail(ErrorCode::invalid_argument, "`allowed_token_ids` must be an array of token ids");
    question.allowed = allowed.get<std::vector<engine::TokenId>>();
  }
  FATHOM_TRY(ignore_end_tokens, flag_at(body, "ignore_eos", false));
  question.ignore_end_tokens = ignore_end_tokens;
  return question;
}

class Completions final : public Answer {
 public:
  Completions(const ExchangePtr& exchange, Question question, std::string model)
      : question_(std::move(question)),
        text_(question_.stops),
        logprobs_(question_.logprobs),
        reply_(exchange, question_.stream,
               {.id_prefix = "cmpl",
                .object = "text_completion",
                .chunk_object = "text_completion",
                .model = std::move(model)}) {}

  Result<engine::GenerateRequest> ask(const engine::Generator& generator) override {
    engine::GenerateRequest request{.max_tokens = question_.max_tokens,
                                    .sampling = question_.sampling,
                                    .ignore_end_tokens = question_.ignore_end_tokens,
                                    .allowed = question_.allowed,
                                    .n_candidates = question_.logprobs.n_candidates};
    tokenizer_ = &generator.tokenizer();
    const engine::ModelTraits& traits = generator.traits();
    if (question_.suffix) {
      FATHOM_TRY(prompt,
                 fim_prompt({.prefix = question_.prompt, .suffix = *question_.suffix}, generator));
      request.prompt = std::move(prompt);
    } else if (!question_.tokens.empty()) {
      request.prompt = question_.tokens;
    } else {
      if (traits.adds_bos) request.prompt.push_back(traits.bos);
      generator.tokenizer().encode(question_.prompt, request.prompt);
    }
    return request;
  }

  bool take(const engine::TokenEvent& event) override {
    std::string text = text_.feed(event.bytes);
    if (question_.logprobs.wanted) logprobs_.add(event, *tokenizer_);
    if (!reply_.streams()) {
      whole_ += text;
    } else if (!text.empty() || question_.logprobs.wanted) {
      reply_.chunk(choice(text));
    }
    return !text_.stopped();
  }

  void finish(const engine::GenerateResult& result) override {
    reply_.finish(choice(whole_ + text_.finish()), result);
  }

  void fail(const Error& error) override { reply_.fail(error); }

 private:
  Json choice(const std::string& text) {
    return {{"text", text}, {"logprobs", question_.logprobs.wanted ? logprobs_.take() : Json()}};
  }

  const Question question_;
  TextStream text_;
  Logprobs logprobs_;
  OpenAiReply reply_;
  std::string whole_;                             // unless it is streamed
  const engine::Tokenizer* tokenizer_ = nullptr;  // of the model, while that is asked
};

}  // namespace

/// POST /v1/completions; with `suffix`, what comes between.
void completions(const Api& api, const ExchangePtr& exchange) {
  answer_question<Completions>(api, exchange, completion::Role::completion,
                               read(exchange->request()));
}

}  // namespace fathom::http
