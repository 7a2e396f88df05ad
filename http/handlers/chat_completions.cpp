#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "completion/chat/encode_chat.h"
#include "completion/reasoning_stream.h"
#include "engine/tokenizer/tokenizer.h"
#include "http/generation.h"
#include "http/handlers/handlers.h"
#include "http/reply.h"
#include "http/text_stream.h"

namespace fathom::http {
namespace {

using completion::Channel;
using completion::ChatMessage;

constexpr size_t kMaxMessages = 4096;

struct Question {
  std::vector<ChatMessage> messages;
  std::optional<int> max_tokens;  // nothing: as long as the context
  Json sampling;                  // the body: its defaults are the model's
  std::vector<std::string> stops;
  bool thinking = true;
  bool stream = false;
  bool include_usage = false;
};

/// A string, or parts of type "text".
Result<std::string> content_of(const Json& message) {
  const Json content = message.value("content", Json());
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  if (content.is_array()) {
    for (const Json& part : content) {
      if (!part.is_object() || part.value("type", Json()) != "text" ||
          !part.value("text", Json()).is_string()) {
        return fail(ErrorCode::invalid_argument, "messages may hold text only");
      }
      text += part["text"].get_ref<const std::string&>();
    }
    return text;
  }
  return fail(ErrorCode::invalid_argument, "each message needs `content`, a string");
}

Result<ChatMessage> message_of(const Json& json) {
  using completion::ChatRole;
  if (!json.is_object()) return fail(ErrorCode::invalid_argument, "a message must be an object");
  FATHOM_CHECK(refuse(json, {"tool_calls"}));
  FATHOM_TRY(name, text_at(json, "role", ""));
  FATHOM_TRY(content, content_of(json));
  // OpenAI's newer name of the system's messages.
  if (name == "system" || name == "developer")
    return ChatMessage{.role = ChatRole::system, .content = content};
  if (name == "user") return ChatMessage{.role = ChatRole::user, .content = content};
  if (name == "assistant") return ChatMessage{.role = ChatRole::assistant, .content = content};
  return fail(ErrorCode::invalid_argument, "`role` must be system, developer, user or assistant");
}

Result<Question> read(const Request& request) {
  Question question;
  FATHOM_TRY(body, parse_body(request.body));
  FATHOM_CHECK(refuse(body, {"n", "tools", "functions", "logprobs", "top_logprobs", "logit_bias",
                             "presence_penalty", "frequency_penalty", "grammar"}));
  const Json format = body.value("response_format", Json::object());
  if (!format.is_object() || format.value("type", Json("text")) != "text") {
    return fail(ErrorCode::invalid_argument, "`response_format` other than text is not supported");
  }
  const Json messages = body.value("messages", Json());
  if (!messages.is_array() || messages.empty() || messages.size() > kMaxMessages) {
    return fail(ErrorCode::invalid_argument, "`messages` must be an array of 1 to {} messages",
                kMaxMessages);
  }
  for (const Json& json : messages) {
    FATHOM_TRY(message, message_of(json));
    question.messages.push_back(std::move(message));
  }
  const char* limit =
      body.contains("max_completion_tokens") ? "max_completion_tokens" : "max_tokens";
  FATHOM_TRY(max_tokens, integer_at(body, limit, -1, -1, 1 << 20));
  if (max_tokens >= 0) question.max_tokens = int(max_tokens);
  FATHOM_CHECK(sampling_at(body, {}));
  FATHOM_TRY(stops, stops_at(body));
  question.stops = std::move(stops);
  // As vLLM and llama-server have it.
  const Json arguments = body.value("chat_template_kwargs", Json::object());
  if (!arguments.is_object())
    return fail(ErrorCode::invalid_argument, "`chat_template_kwargs` must be an object");
  FATHOM_TRY(thinking, flag_at(arguments, "thinking", true));
  FATHOM_TRY(enable_thinking, flag_at(arguments, "enable_thinking", thinking));
  question.thinking = enable_thinking;
  FATHOM_TRY(stream, flag_at(body, "stream", false));
  question.stream = stream;
  FATHOM_TRY(include_usage,
             flag_at(body.value("stream_options", Json::object()), "include_usage", false));
  question.include_usage = include_usage;
  question.sampling = std::move(body);
  return question;
}

class ChatCompletions final : public Answer {
 public:
  ChatCompletions(ExchangePtr exchange, Question question, std::string model)
      : exchange_(std::move(exchange)),
        question_(std::move(question)),
        text_(question_.stops),
        head_({{"id", new_id("chatcmpl")},
               {"object", question_.stream ? "chat.completion.chunk" : "chat.completion"},
               {"created", created_now()},
               {"model", std::move(model)}}) {}

  Result<engine::GenerateRequest> ask(const engine::Generator& generator) override {
    const engine::ModelTraits& traits = generator.traits();
    if (!traits.chat) {
      return fathom::fail(ErrorCode::unsupported,
                          "{} is no chat model, or its chat template is unknown", traits.name);
    }
    FATHOM_TRY(prompt, completion::encode_chat(question_.messages, {.thinking = question_.thinking},
                                               *traits.chat, generator.tokenizer()));
    tokenizer_ = &generator.tokenizer();
    stream_.emplace(*traits.chat, prompt, [this](Channel channel, std::string_view text) {
      if (question_.stream) send(delta(channel, text), nullptr);
    });
    FATHOM_TRY(sampling, sampling_at(question_.sampling, {.temperature = traits.chat->temperature,
                                                          .top_p = traits.chat->top_p}));
    return engine::GenerateRequest{
        .prompt = std::move(prompt),
        .max_tokens = question_.max_tokens.value_or(traits.context_length),
        .sampling = sampling};
  }

  bool take(const engine::TokenEvent& event) override {
    if (question_.stream && !has_begun_) send({{"role", "assistant"}, {"content", ""}}, nullptr);
    const bool is_special = tokenizer_->is_special(event.id);
    stream_->feed(event.id, text_.feed(is_special ? "" : event.bytes));
    return !text_.stopped();
  }

  void finish(const engine::GenerateResult& result) override {
    constexpr engine::TokenId kNoToken = -1;
    stream_->feed(kNoToken, text_.finish());
    stream_->finish();
    if (!question_.stream) {
      Json message = {{"role", "assistant"}, {"content", stream_->answer()}};
      if (!stream_->reasoning().empty()) message["reasoning_content"] = stream_->reasoning();
      Json body = head_;
      body["choices"] = {{{"index", 0},
                          {"message", message},
                          {"logprobs", nullptr},
                          {"finish_reason", finish_reason(result)}}};
      body["usage"] = usage_of(result);
      return reply_json(*exchange_, 200, body);
    }
    send(Json::object(), finish_reason(result));
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
  static Json delta(Channel channel, std::string_view text) {
    return {{channel == Channel::reasoning ? "reasoning_content" : "content", text}};
  }

  void send(const Json& what, const char* reason) {
    has_begun_ = true;
    Json body = head_;
    body["choices"] = {
        {{"index", 0}, {"delta", what}, {"finish_reason", reason ? Json(reason) : Json()}}};
    exchange_->event(to_line(body));
  }

  const ExchangePtr exchange_;
  const Question question_;
  TextStream text_;
  const Json head_;
  const engine::Tokenizer* tokenizer_ = nullptr;
  std::optional<completion::ReasoningStream> stream_;
  bool has_begun_ = false;
};

}  // namespace

/// POST /v1/chat/completions. What a model reasons is `reasoning_content`, as DeepSeek's API has
/// it.
void chat_completions(const Api& api, const ExchangePtr& exchange) {
  Result<Question> question = read(exchange->request());
  if (!question) return reply_error(*exchange, question.error());
  constexpr auto kRole = completion::Role::reasoning;
  generate(api, exchange, kRole,
           std::make_shared<ChatCompletions>(exchange, std::move(*question),
                                             model_id(api.models.state(kRole))));
}

}  // namespace fathom::http
