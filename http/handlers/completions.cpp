#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "engine/tokenizer/tokenizer.h"
#include "http/fim_prompt.h"
#include "http/generation.h"
#include "http/handlers/handlers.h"
#include "http/reply.h"
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
  bool stream = false;
  bool include_usage = false;
};

Result<Question> read(const Request& request) {
  Question question;
  FATHOM_TRY(body, parse_body(request.body));
  FATHOM_CHECK(refuse(body, {"n", "best_of", "echo", "logprobs", "logit_bias", "presence_penalty",
                             "frequency_penalty", "response_format", "grammar"}));
  const Json prompt = body.value("prompt", Json());
  const bool has_tokens =
      prompt.is_array() && !prompt.empty() && std::ranges::all_of(prompt, [](const Json& id) {
        return id.is_number_integer() && id >= 0 && id < (1 << 30);
      });
  if (has_tokens) {
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
  FATHOM_TRY(sampling, sampling_at(body, {}));
  question.sampling = sampling;
  FATHOM_TRY(stops, stops_at(body));
  question.stops = std::move(stops);
  FATHOM_TRY(stream, flag_at(body, "stream", false));
  question.stream = stream;
  FATHOM_TRY(include_usage,
             flag_at(body.value("stream_options", Json::object()), "include_usage", false));
  question.include_usage = include_usage;
  return question;
}

class Completions final : public Answer {
 public:
  Completions(ExchangePtr exchange, Question question, std::string model)
      : exchange_(std::move(exchange)),
        question_(std::move(question)),
        text_(question_.stops),
        head_({{"id", new_id("cmpl")},
               {"object", "text_completion"},
               {"created", created_now()},
               {"model", std::move(model)}}) {}

  Result<engine::GenerateRequest> ask(const engine::Generator& generator) override {
    engine::GenerateRequest request{.max_tokens = question_.max_tokens,
                                    .sampling = question_.sampling};
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
    send(text_.feed(event.bytes), nullptr);
    return !text_.stopped();
  }

  void finish(const engine::GenerateResult& result) override {
    send(text_.finish(), finish_reason(result));
    if (!question_.stream) {
      Json body = head_;
      body["choices"] = {choice(whole_, finish_reason(result))};
      body["usage"] = usage_of(result);
      return reply_json(*exchange_, 200, body);
    }
    if (question_.include_usage) {
      Json body = head_;
      body["choices"] = Json::array();
      body["usage"] = usage_of(result);
      exchange_->event(to_line(body));
    }
    exchange_->event("[DONE]");
    exchange_->end_events();
  }

  void fail(const Error& error) override { reply_error(*exchange_, error, has_begun_); }

 private:
  static Json choice(const std::string& text, const char* reason) {
    return {{"index", 0},
            {"text", text},
            {"logprobs", nullptr},
            {"finish_reason", reason ? Json(reason) : Json()}};
  }

  void send(std::string text, const char* reason) {
    if (!question_.stream) {
      whole_ += text;
      return;
    }
    if (text.empty() && !reason) return;
    has_begun_ = true;
    Json body = head_;
    body["choices"] = {choice(text, reason)};
    exchange_->event(to_line(body));
  }

  const ExchangePtr exchange_;
  const Question question_;
  TextStream text_;
  const Json head_;
  std::string whole_;
  bool has_begun_ = false;
};

}  // namespace

/// POST /v1/completions; with `suffix`, what comes between.
void completions(const Api& api, const ExchangePtr& exchange) {
  Result<Question> question = read(exchange->request());
  if (!question) return reply_error(*exchange, question.error());
  constexpr auto kRole = completion::Role::completion;
  generate(api, exchange, kRole,
           std::make_shared<Completions>(exchange, std::move(*question),
                                         model_id(api.models.state(kRole))));
}

}  // namespace fathom::http
