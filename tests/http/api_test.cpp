// The routes, on a scripted model.

#include "http/api.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "http/parameters.h"
#include "tests/support/fake_generator.h"

namespace fathom::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Recorded final : public Exchange {
 public:
  explicit Recorded(Request request) : request_(std::move(request)) {}

  const Request& request() const override { return request_; }
  CancelToken cancel() const override { return cancelled.token(); }
  void reply(int new_status, std::string_view, std::string new_body) override {
    ++n_answers;
    status = new_status;
    body = std::move(new_body);
  }
  void event(std::string_view data) override { events.emplace_back(data); }
  void end_events() override { ++n_answers; }

  Json json() const { return Json::parse(body, nullptr, false); }
  /// The deltas or texts of a stream, joined.
  std::string streamed(const char* member) const {
    std::string text;
    for (const std::string& event : events) {
      const Json json = Json::parse(event, nullptr, false);
      if (!json.is_object() || json["choices"].empty()) continue;
      const Json& choice = json["choices"][0];
      text += (choice.contains("delta") ? choice["delta"] : choice).value(member, "");
    }
    return text;
  }

  CancelSource cancelled;
  int n_answers = 0;
  int status = 0;
  std::string body;
  std::vector<std::string> events;

 private:
  const Request request_;
};

class ApiTest : public ::testing::Test {
 protected:
  void start(test::FakeGenerator::Options options) {
    generator_ = std::make_unique<test::FakeGenerator>(std::move(options));
    models_ = std::make_unique<completion::ModelHost>(
        [this](const completion::LoadOrder&) -> Result<completion::LoadedModel> {
          if (!load_error_.empty()) return fail(ErrorCode::not_found, "{}", load_error_);
          return completion::LoadedModel{
              .assistant = std::make_shared<completion::Assistant>(
                  *generator_, log_, completion::AssistantOptions{.threads = false})};
        },
        completion::ModelHostOptions{.threads = false});
  }

  void SetUp() override { start({}); }

  std::shared_ptr<Recorded> ask(const std::string& method, const std::string& path,
                                const Json& body = Json::object()) {
    const auto exchange = std::make_shared<Recorded>(
        Request{.method = method, .path = path, .body = method == "GET" ? "" : body.dump()});
    answer({.models = *models_,
            .metrics = [](const std::function<void(std::string)>& done) { done("page"); }},
           exchange);
    EXPECT_EQ(exchange->n_answers, 1);
    return exchange;
  }

  Log log_;
  std::string load_error_;
  std::unique_ptr<test::FakeGenerator> generator_;
  std::unique_ptr<completion::ModelHost> models_;
};

TEST_F(ApiTest, SaysWhatIsNotThere) {
  EXPECT_EQ(ask("GET", "/nothing")->status, 404);
  EXPECT_EQ(ask("GET", "/v1/completions")->status, 405);
  EXPECT_EQ(ask("OPTIONS", "/v1/completions")->status, 405);
}

TEST_F(ApiTest, ListsModels) {
  const auto answer = ask("GET", "/v1/models");
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->json()["data"][0]["id"], "fathom-nano");
}

TEST_F(ApiTest, TellsHowItIs) {
  EXPECT_EQ(ask("GET", "/health")->json()["status"], "ok");
  EXPECT_EQ(ask("GET", "/metrics")->body, "page");
  load_error_ = "no such file";
  EXPECT_EQ(ask("POST", "/tokenize", {{"content", "x"}})->status, 500);
  const auto health = ask("GET", "/health");
  EXPECT_EQ(health->status, 503);
  EXPECT_THAT(health->body, HasSubstr("no such file"));
}

TEST_F(ApiTest, CompletesText) {
  generator_->answer("hello world");
  const auto answer = ask("POST", "/v1/completions", {{"prompt", "say "}, {"max_tokens", 50}});
  ASSERT_EQ(answer->status, 200) << answer->body;
  EXPECT_EQ(answer->json()["choices"][0]["text"], "hello world");
  EXPECT_EQ(answer->json()["choices"][0]["finish_reason"], "stop");
  EXPECT_GT(answer->json()["usage"]["completion_tokens"], 0);
  EXPECT_EQ(generator_->requests()[0].max_tokens, 50);
  EXPECT_EQ(generator_->requests()[0].priority, engine::Priority::explanation);
  EXPECT_THAT(generator_->prompt_text(0), HasSubstr("say "));
}

TEST_F(ApiTest, FillsInWhereThereIsASuffix) {
  generator_->answer("middle");
  const auto answer = ask("POST", "/v1/completions", {{"prompt", "before"}, {"suffix", "after"}});
  ASSERT_EQ(answer->status, 200) << answer->body;
  EXPECT_THAT(generator_->prompt_text(0), HasSubstr("before"));
  EXPECT_THAT(generator_->prompt_text(0), HasSubstr("after"));
  start({.has_fim = false, .fim_refusal = "it is a chat model"});
  const auto refused = ask("POST", "/v1/completions", {{"prompt", "x"}, {"suffix", "y"}});
  EXPECT_EQ(refused->status, 400);
  EXPECT_THAT(refused->body, HasSubstr("it is a chat model"));
}

TEST_F(ApiTest, StreamsAndStops) {
  generator_->answer("one two STOP three");
  const auto answer = ask("POST", "/v1/completions",
                          {{"prompt", "x"},
                           {"stream", true},
                           {"stop", "STOP"},
                           {"stream_options", {{"include_usage", true}}}});
  EXPECT_EQ(answer->streamed("text"), "one two ");
  ASSERT_GE(answer->events.size(), 3u);
  EXPECT_EQ(answer->events.back(), "[DONE]");
  EXPECT_THAT(answer->events[answer->events.size() - 2], HasSubstr("\"usage\""));
}

TEST_F(ApiTest, SaysHowLikelyTokensAre) {
  generator_->answer("hello world");
  const auto answer = ask("POST", "/v1/completions",
                          {{"prompt", "x"},
                           {"max_tokens", 50},
                           {"logprobs", 3},
                           {"allowed_token_ids", {20, 21}},
                           {"ignore_eos", true}});
  ASSERT_EQ(answer->status, 200) << answer->body;
  const engine::GenerateRequest request = generator_->requests()[0];
  EXPECT_EQ(request.n_candidates, 3);
  EXPECT_EQ(request.allowed, (std::vector<engine::TokenId>{20, 21}));
  EXPECT_TRUE(request.ignore_end_tokens);
  std::string text;
  const Json body = answer->json();
  for (const Json& token : body["choices"][0]["logprobs"]["tokens"])
    text += token.get<std::string>();
  EXPECT_EQ(text, "hello world");
}

TEST_F(ApiTest, RefusesWhatItCannotDo) {
  for (const Json& body :
       {Json{{"prompt", 5}}, Json{{"prompt", "x"}, {"n", 3}}, Json{{"prompt", {"a", "b"}}},
        Json{{"prompt", "x"}, {"logprobs", 21}}, Json{{"prompt", "x"}, {"allowed_token_ids", {-1}}},
        Json{{"prompt", "x"}, {"max_tokens", -1}}, Json{{"prompt", "x"}, {"stop", 5}},
        Json{{"prompt", "x"}, {"response_format", {{"type", "json_object"}}}}}) {
    const auto answer = ask("POST", "/v1/completions", body);
    EXPECT_EQ(answer->status, 400) << body;
    EXPECT_EQ(answer->json()["error"]["type"], "invalid_request_error") << body;
  }
}

TEST_F(ApiTest, Chats) {
  generator_->answer("I think</think>The answer");
  const Json messages = {{{"role", "developer"}, {"content", "Be brief."}},
                         {{"role", "user"}, {"content", {{{"type", "text"}, {"text", "Why?"}}}}}};
  const auto answer = ask("POST", "/v1/chat/completions", {{"messages", messages}});
  ASSERT_EQ(answer->status, 200) << answer->body;
  const Json message = answer->json()["choices"][0]["message"];
  const std::string whole =
      message.value("reasoning_content", "") + "|" + message.value("content", "");
  EXPECT_THAT(whole, HasSubstr("The answer"));
  EXPECT_THAT(generator_->prompt_text(0), HasSubstr("Why?"));
}

TEST_F(ApiTest, StreamsChats) {
  generator_->answer("The answer");
  const auto answer =
      ask("POST", "/v1/chat/completions",
          {{"messages", {{{"role", "user"}, {"content", "Why?"}}}}, {"stream", true}});
  EXPECT_THAT(answer->events.front(), HasSubstr("\"role\":\"assistant\""));
  EXPECT_EQ(answer->streamed("reasoning_content") + answer->streamed("content"), "The answer");
  EXPECT_EQ(answer->events.back(), "[DONE]");
}

TEST_F(ApiTest, RefusesConversationsItDoesNotUnderstand) {
  const Json user = {{"role", "user"}, {"content", "x"}};
  for (const Json& body :
       {Json{{"messages", Json::array()}}, Json{{"messages", "x"}}, Json{{"messages", {5}}},
        Json{{"messages", {{{"role", "pirate"}, {"content", "x"}}}}},
        Json{{"messages", {{{"role", "user"}}}}},
        Json{{"messages", {user}}, {"tools", {{{"type", "function"}}}}},
        Json{{"messages", {user}}, {"response_format", {{"type", "json_schema"}}}},
        Json{{"messages", {user}}, {"response_format", {{"type", "yaml"}}}},
        Json{{"messages", {user}}, {"response_format", "json"}},
        Json{{"messages", {user}},
             {"response_format",
              {{"type", "json_schema"}, {"json_schema", {{"schema", {{"pattern", "x"}}}}}}}}}) {
    EXPECT_EQ(ask("POST", "/v1/chat/completions", body)->status, 400) << body;
  }
  start({.has_chat = false});
  EXPECT_EQ(ask("POST", "/v1/chat/completions", {{"messages", {user}}})->status, 400);
}

TEST_F(ApiTest, KeepsTheAnswerToASchemaBehindTheReasoning) {
  const auto answer_to = [&] {
    return ask("POST", "/v1/chat/completions",
               {{"messages", {{{"role", "user"}, {"content", "Why?"}}}},
                {"temperature", 0.7},
                {"max_tokens", 50},
                {"response_format",
                 {{"type", "json_schema"},
                  {"json_schema",
                   {{"name", "x"}, {"schema", {{"properties", {{"a", true}, {"b", true}}}}}}}}}});
  };
  generator_->answer("I think</think>never asked for");
  generator_->answer("{}");
  const auto answer = answer_to();
  ASSERT_EQ(answer->status, 200) << answer->body;
  const auto requests = generator_->requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].constraint, nullptr);
  EXPECT_FLOAT_EQ(requests[0].sampling.temperature, 0.7f);
  ASSERT_NE(requests[1].constraint, nullptr);
  EXPECT_TRUE(requests[1].constraint->allows("{\"a\":1,\"b\":2}"));
  EXPECT_FALSE(requests[1].constraint->allows("I"));
  EXPECT_EQ(requests[1].sampling.temperature, 0);
  EXPECT_THAT(generator_->prompt_text(1), ::testing::EndsWith("I think</think>"));
  const Json body = answer->json();
  EXPECT_EQ(body["choices"][0]["message"]["reasoning_content"], "I think");
  EXPECT_EQ(body["choices"][0]["message"]["content"], "{}");
  EXPECT_EQ(body["usage"]["prompt_tokens"], requests[0].prompt.size());
  EXPECT_EQ(requests[1].max_tokens + requests[1].prompt.size() - requests[0].prompt.size(), 50u);
}

TEST_F(ApiTest, KeepsKeysInTheOrderOfTheSchema) {
  const auto exchange = std::make_shared<Recorded>(
      Request{.method = "POST", .path = "/v1/chat/completions", .body = R"({
          "messages": [{"role": "assistant", "content": "x"}, {"role": "user", "content": "x"}],
          "response_format": {"type": "json_schema", "json_schema": {"schema": {
              "properties": {"z": {"type": "null"}, "a": {"type": "null"}},
              "required": ["z", "a"]}}}, "zzz": {"response_format": 1}})"});
  generator_->answer("</think>");
  generator_->answer("{}");
  answer({.models = *models_, .metrics = nullptr}, exchange);
  ASSERT_EQ(exchange->status, 200) << exchange->body;
  const auto constraint = generator_->requests().back().constraint;
  ASSERT_NE(constraint, nullptr);
  EXPECT_TRUE(constraint->allows(R"({"z":null,"a":null})"));
  EXPECT_FALSE(constraint->allows(R"({"a)"));
}

TEST_F(ApiTest, InfillsAsLlamaServerDoes) {
  generator_->answer("return a + b;");
  const Json body = {{"input_prefix", "int add(int a, int b) {\n"},
                     {"input_suffix", "}\n"},
                     {"prompt", "  "},
                     {"input_extra", {{{"filename", "other.h"}, {"text", "int add(int, int);"}}}},
                     {"n_predict", 30},
                     {"t_max_predict_ms", 100000},
                     {"samplers", {"top_k", "infill"}},
                     {"cache_prompt", true}};
  const auto answer = ask("POST", "/infill", body);
  ASSERT_EQ(answer->status, 200) << answer->body;
  EXPECT_EQ(answer->json()["content"], "return a + b;");
  EXPECT_TRUE(answer->json()["timings"].contains("prompt_ms"));
  const std::string prompt = generator_->prompt_text(0);
  EXPECT_THAT(prompt, HasSubstr("other.h"));
  EXPECT_LT(prompt.find("other.h"), prompt.find("int add(int a"));
  EXPECT_EQ(generator_->requests()[0].max_tokens, 30);

  EXPECT_EQ(ask("POST", "/infill", {{"input_extra", {1}}})->status, 400);
  EXPECT_EQ(ask("POST", "/infill", {{"response_fields", {1}}})->status, 400);
  EXPECT_EQ(ask("POST", "/infill", {{"input_prefix", "x"}, {"n_predict", 0}})->status, 200);
}

TEST_F(ApiTest, TokenizesAndBack) {
  const auto tokens = ask("POST", "/tokenize", {{"content", "def f():"}});
  ASSERT_EQ(tokens->status, 200);
  const auto text = ask("POST", "/detokenize", {{"tokens", tokens->json()["tokens"]}});
  EXPECT_EQ(text->json()["content"], "def f():");
  const auto pieces = ask("POST", "/tokenize", {{"content", "def"}, {"with_pieces", true}});
  EXPECT_TRUE(pieces->json()["tokens"][0].contains("piece"));
  EXPECT_EQ(ask("POST", "/detokenize", {{"tokens", {-1}}})->status, 400);
  EXPECT_EQ(ask("POST", "/detokenize", {{"tokens", "x"}})->status, 400);
}

TEST_F(ApiTest, TellsOfAFailureInTheMiddleOfAStream) {
  generator_->answer(test::FakeAnswer{.text = "half", .fails = true});
  const auto answer = ask("POST", "/v1/completions", {{"prompt", "x"}, {"stream", true}});
  EXPECT_EQ(answer->status, 0);
  EXPECT_THAT(answer->events.back(), StartsWith("{\"error\":"));
}

TEST_F(ApiTest, RefusesMoreAnswersAtATimeThanItMayCompute) {
  const auto exchange = std::make_shared<Recorded>(
      Request{.method = "POST", .path = "/v1/completions", .body = R"({"prompt": "x"})"});
  answer({.models = *models_, .metrics = nullptr, .jobs = std::make_shared<JobCount>(0)}, exchange);
  EXPECT_EQ(exchange->status, 503);
  EXPECT_TRUE(generator_->requests().empty());
}

}  // namespace
}  // namespace fathom::http
