#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "completion/chat/encode_chat.h"
#include "completion/json_grammar.h"
#include "completion/reasoning_stream.h"
#include "engine/tokenizer/tokenizer.h"
#include "http/generation.h"
#include "http/handlers/handlers.h"
#include "http/openai_reply.h"
#include "http/response_format.h"
#include "http/text_stream.h"

namespace fathom::http {
namespace {

using completion::Channel;
using completion::ChatMessage;

constexpr size_t kMaxMessages = 4096;

struct Question {
  std::vector<ChatMessage> messages;
  std::optional<int> max_tokens;  // nothing: as long as the context
  SamplingWish sampling;
  std::vector<std::string> stops;
  bool thinking = true;
  StreamOptions stream;
  std::shared_ptr<const completion::JsonSchema> schema;  // of the answer; null: any text
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
  FATHOM_TRY(schema, response_format_at(body, request.body));
  question.schema = std::move(schema);
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
  FATHOM_TRY(sampling, sampling_at(body));
  question.sampling = sampling;
  FATHOM_TRY(stops, stops_at(body));
  question.stops = std::move(stops);
  // As vLLM and llama-server have it.
  const Json arguments = body.value("chat_template_kwargs", Json::object());
  if (!arguments.is_object())
    return fail(ErrorCode::invalid_argument, "`chat_template_kwargs` must be an object");
  FATHOM_TRY(thinking, flag_at(arguments, "thinking", true));
  FATHOM_TRY(enable_thinking, flag_at(arguments, "enable_thinking", thinking));
  question.thinking = enable_thinking;
  FATHOM_TRY(stream, stream_options_at(body));
  question.stream = stream;
  return question;
}

class ChatCompletions final : public Answer {
 public:
  ChatCompletions(const ExchangePtr& exchange, Question question, std::string model)
      : question_(std::move(question)),
        text_(question_.stops),
        reply_(exchange, question_.stream,
               {.id_prefix = "chatcmpl",
                .object = "chat.completion",
                .chunk_object = "chat.completion.chunk",
                .model = std::move(model)}) {}

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
      if (reply_.streams()) send({{name_of(channel), text}});
    });
    auto conversation = completion::conversation_of(question_.messages, prompt.size());
    engine::GenerateRequest request{
        .prompt = std::move(prompt),
        .conversation = std::move(conversation),
        .max_tokens = question_.max_tokens.value_or(traits.context_length),
        .sampling = question_.sampling.over(
            {.temperature = traits.chat->temperature, .top_p = traits.chat->top_p})};
    if (question_.schema && stream_->channel() == Channel::reasoning) {
      // It thinks in its own words; what it says then is asked for when it has thought.
      rest_ = request;
      think_end_ = traits.chat->think_end;
    } else if (question_.schema) {
      bind(request);
    }
    return request;
  }

  bool take(const engine::TokenEvent& event) override {
    if (reply_.streams() && !std::exchange(has_begun_, true))
      send({{"role", "assistant"}, {"content", ""}});
    const bool is_special = tokenizer_->is_special(event.id);
    stream_->feed(event.id, text_.feed(is_special ? "" : event.bytes));
    return !text_.stopped() && !(rest_ && event.id == think_end_);
  }

  std::optional<engine::GenerateRequest> go_on(const engine::GenerateResult& result) override {
    if (!rest_ || result.tokens.empty() || result.tokens.back() != think_end_) return std::nullopt;
    engine::GenerateRequest request = *std::exchange(rest_, std::nullopt);
    request.prompt.insert(request.prompt.end(), result.tokens.begin(), result.tokens.end());
    request.max_tokens = std::max(0, request.max_tokens - int(result.tokens.size()));
    bind(request);
    thought_ = result;
    return request;
  }

  void finish(const engine::GenerateResult& last) override {
    engine::GenerateResult result = last;
    if (thought_) {
      result.tokens.insert(result.tokens.begin(), thought_->tokens.begin(), thought_->tokens.end());
      result.prompt_tokens = thought_->prompt_tokens;
      result.reused_tokens = thought_->reused_tokens;
    }
    constexpr engine::TokenId kNoToken = -1;
    stream_->feed(kNoToken, text_.finish());
    stream_->finish();
    if (reply_.streams()) return reply_.finish({{"delta", Json::object()}}, result);
    Json message = {{"role", "assistant"}, {"content", stream_->answer()}};
    if (!stream_->reasoning().empty()) message[name_of(Channel::reasoning)] = stream_->reasoning();
    reply_.finish({{"message", std::move(message)}, {"logprobs", nullptr}}, result);
  }

  void fail(const Error& error) override { reply_.fail(error); }

 private:
  static const char* name_of(Channel channel) {
    return channel == Channel::reasoning ? "reasoning_content" : "content";
  }

  /// Where the form is given, the likeliest token that has it is taken.
  void bind(engine::GenerateRequest& request) const {
    request.constraint = std::make_shared<completion::JsonGrammar>(question_.schema);
    request.sampling.temperature = 0;
  }

  void send(Json delta) { reply_.chunk({{"delta", std::move(delta)}}); }

  const Question question_;
  TextStream text_;
  OpenAiReply reply_;
  const engine::Tokenizer* tokenizer_ = nullptr;
  std::optional<completion::ReasoningStream> stream_;
  // Of an answer in a given form by a model that thinks first: what is asked for then, and how the
  // thinking ended.
  std::optional<engine::GenerateRequest> rest_;
  std::optional<engine::TokenId> think_end_;
  std::optional<engine::GenerateResult> thought_;
  bool has_begun_ = false;
};

}  // namespace

/// POST /v1/chat/completions. What a model reasons is `reasoning_content`, as DeepSeek's API has
/// it.
void chat_completions(const Api& api, const ExchangePtr& exchange) {
  answer_question<ChatCompletions>(api, exchange, completion::Role::reasoning,
                                   read(exchange->request()));
}

}  // namespace fathom::http
