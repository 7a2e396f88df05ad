#include <algorithm>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "engine/tokenizer/tokenizer.h"
#include "http/fim_prompt.h"
#include "http/generation.h"
#include "http/handlers/handlers.h"
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
  FATHOM_TRY(sampling, sampling_at(body));
  question.sampling = sampling.over({});
  FATHOM_TRY(stops, stops_at(body));
  question.stops = std::move(stops);
  FATHOM_TRY(stream, stream_options_at(body));
  question.stream = stream;
  return question;
}

class Completions final : public Answer {
 public:
  Completions(const ExchangePtr& exchange, Question question, std::string model)
      : question_(std::move(question)),
        text_(question_.stops),
        reply_(exchange, question_.stream,
               {.id_prefix = "cmpl",
                .object = "text_completion",
                .chunk_object = "text_completion",
                .model = std::move(model)}) {}

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
    std::string text = text_.feed(event.bytes);
    if (!reply_.streams()) {
      whole_ += text;
    } else if (!text.empty()) {
      reply_.chunk(choice(text));
    }
    return !text_.stopped();
  }

  void finish(const engine::GenerateResult& result) override {
    reply_.finish(choice(whole_ + text_.finish()), result);
  }

  void fail(const Error& error) override { reply_.fail(error); }

 private:
  static Json choice(const std::string& text) { return {{"text", text}, {"logprobs", nullptr}}; }

  const Question question_;
  TextStream text_;
  OpenAiReply reply_;
  std::string whole_;  // unless it is streamed
};

}  // namespace

/// POST /v1/completions; with `suffix`, what comes between.
void completions(const Api& api, const ExchangePtr& exchange) {
  answer_question<Completions>(api, exchange, completion::Role::completion,
                               read(exchange->request()));
}

}  // namespace fathom::http
