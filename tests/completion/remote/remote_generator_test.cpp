// A generator in front of a server that does what the test says.

#include "completion/remote/remote_generator.h"

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/tokenizer/tokenizer.h"
#include "tests/completion/remote/scripted_server.h"
#include "tests/support/temp_dir.h"

namespace fathom::completion {
namespace {

using namespace std::chrono_literals;
using engine::GenerateRequest;
using engine::GenerateResult;
using engine::Priority;
using engine::TokenId;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kText = "one two three four five six seven eight nine ten";

/// Looks like llama-server; what becomes of /completion is for the test to say.
class RemoteServers : public testing::Test {
 protected:
  RemoteServers() {
    checkpoint_ = engine::Checkpoint::open("models/nano/fathom-nano.gguf").value();
    tokenizer_ = engine::Tokenizer::load(*checkpoint_).value();
    ids_ = tokenizer_->encode(kText);
  }

  void serve(ScriptedServer::Handler completion, int n_slots = 4) {
    server_ = std::make_unique<ScriptedServer>([this, n_slots, completion = std::move(completion)](
                                                   const ReceivedRequest& request, Peer& peer) {
      if (request.path == "/props") {
        const json props = {{"default_generation_settings", {{"n_ctx", 512}}},
                            {"total_slots", n_slots},
                            {"model_path", "/models/nano.gguf"}};
        peer.reply(200, props.dump());
      } else if (request.path == "/tokenize") {
        std::vector<TokenId> ids;
        tokenizer_->encode_with_special(json::parse(request.body)["content"].get<std::string>(),
                                        ids);
        peer.reply(200, json({{"tokens", ids}}).dump());
      } else {
        completion(request, peer);
      }
    });
  }

  Result<std::unique_ptr<RemoteGenerator>> connect() {
    return RemoteGenerator::connect(server_config(), *checkpoint_, {.times = times_}, log_);
  }
  RemoteServer server_config() {
    RemoteServer server = configured_;
    if (server.url.empty()) server.url = server_->url();
    return server;
  }
  std::string connect_error() {
    const auto generator = connect();
    return generator ? "" : generator.error().message;
  }

  /// One token of a stream.
  static std::string token(TokenId id) {
    return json({{"content", "x"},
                 {"tokens", {id}},
                 {"stop", false},
                 {"completion_probabilities",
                  {{{"id", id}, {"logprob", -0.5}, {"top_logprobs", json::array()}}}}})
        .dump();
  }
  static std::string last(const char* type) {
    return json({{"content", ""},
                 {"tokens", json::array()},
                 {"stop", true},
                 {"stop_type", type},
                 {"timings", {{"cache_n", 2}}}})
        .dump();
  }
  /// Writes kText behind a prompt of one token, or goes on with it.
  void write_text(const ReceivedRequest& request, Peer& peer) {
    const json body = json::parse(request.body);
    peer.begin_stream();
    const size_t begin = body["prompt"].size() - 1;
    const size_t end = std::min(ids_.size(), begin + body["n_predict"].get<size_t>());
    for (size_t i = begin; i < end; ++i)
      if (!peer.event(token(ids_[i]))) return;
    peer.event(last(end == ids_.size() ? "eos" : "limit"));
    peer.end_stream();
  }

  Result<GenerateResult> ask(RemoteGenerator& generator, GenerateRequest request = {}) {
    text_.clear();
    if (request.prompt.empty()) request.prompt = {5};
    return engine::generate(generator, std::move(request), [this](const engine::TokenEvent& event) {
      text_ += event.bytes;
      return true;
    });
  }
  /// What is said of a server that does this.
  std::string failure(ScriptedServer::Handler completion) {
    serve(std::move(completion));
    const auto generator = connect();
    EXPECT_TRUE(generator) << generator.error().message;
    const auto result = ask(**generator);
    return result ? "" : result.error().message;
  }

  std::shared_ptr<const engine::Checkpoint> checkpoint_;
  std::shared_ptr<const engine::Tokenizer> tokenizer_;
  std::vector<TokenId> ids_;
  RemoteServer configured_;
  HttpTimes times_;
  std::unique_ptr<ScriptedServer> server_;
  Log log_;
  std::string text_;
};

TEST_F(RemoteServers, GenerateWhatTheyAreAsked) {
  serve([this](const ReceivedRequest& request, Peer& peer) { write_text(request, peer); });
  const auto generator = connect().value();
  EXPECT_EQ(generator->info().backend, "remote");
  EXPECT_EQ(generator->info().context_tokens, 512);
  EXPECT_THAT(generator->info().device, HasSubstr("llama-server at http://127.0.0.1:"));
  const auto result = ask(*generator);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(text_, kText);
  EXPECT_EQ(result->tokens, ids_);
  EXPECT_EQ(result->stop, engine::StopReason::end_token);
  EXPECT_FLOAT_EQ(result->mean_logprob, -0.5f);
  EXPECT_EQ(generator->n_unfinished(), 0);
}

TEST_F(RemoteServers, NeedNoWeightsHere) {
  const test::TempDir dir;
  for (const char* file : {"config.json", "tokenizer.json"})
    std::filesystem::copy_file(
        std::filesystem::path("tests/data/golden/llama-deepseek-coder") / file, dir.path() / file);
  checkpoint_ = engine::Checkpoint::open(dir.path()).value();
  tokenizer_ = engine::Tokenizer::load(*checkpoint_).value();
  ids_ = tokenizer_->encode(kText);
  serve([this](const ReceivedRequest& request, Peer& peer) { write_text(request, peer); });
  const auto generator = connect().value();
  ASSERT_TRUE(ask(*generator));
  EXPECT_EQ(text_, kText);
}

TEST_F(RemoteServers, AreToldToStopByClosingTheStream) {
  std::promise<void> gone;
  serve([&](const ReceivedRequest&, Peer& peer) {
    peer.begin_stream();
    peer.event(token(ids_[0]));
    peer.event(token(ids_[1]));
    peer.wait_until_gone();
    gone.set_value();
  });
  const auto generator = connect().value();
  int n = 0;
  const auto result = engine::generate(*generator, {.prompt = {5}},
                                       [&](const engine::TokenEvent&) { return ++n < 2; });
  EXPECT_EQ(result->stop, engine::StopReason::callback);
  EXPECT_EQ(result->tokens.size(), 2);
  gone.get_future().get();
}

TEST_F(RemoteServers, AreLeftByWhoGivesUp) {
  std::promise<void> gone;
  serve([&](const ReceivedRequest&, Peer& peer) {
    peer.begin_stream();
    peer.event(token(ids_[0]));
    peer.wait_until_gone();
    gone.set_value();
  });
  const auto generator = connect().value();
  CancelSource cancel;
  const auto result = engine::generate(*generator, {.prompt = {5}, .cancel = cancel.token()},
                                       [&](const engine::TokenEvent&) {
                                         cancel.cancel();
                                         return true;
                                       });
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  gone.get_future().get();
}

TEST_F(RemoteServers, AnswerEverybodyWhenTheGeneratorGoes) {
  serve([&](const ReceivedRequest&, Peer& peer) { peer.wait_until_gone(); }, 1);
  auto generator = connect().value();
  std::atomic<int> n_cancelled = 0;
  for (int i = 0; i < 3; ++i)
    generator->submit({.prompt = {5}}, nullptr, [&](const Result<GenerateResult>& result) {
      if (!result && result.error().code == ErrorCode::cancelled) ++n_cancelled;
    });
  generator.reset();
  EXPECT_EQ(n_cancelled, 3);
}

TEST_F(RemoteServers, ComputeTheMoreUrgentFirstAndThenGoOn) {
  std::promise<void> explaining;
  std::atomic<int> n_explained = 0;
  serve(
      [&](const ReceivedRequest& request, Peer& peer) {
        const json body = json::parse(request.body);
        if (body["n_predict"] == 3 || n_explained++ > 0) return write_text(request, peer);
        peer.begin_stream();
        peer.event(token(ids_[0]));
        peer.event(token(ids_[1]));
        peer.wait_until_gone();
      },
      1);
  const auto generator = connect().value();
  std::string explanation;
  std::promise<Result<GenerateResult>> explained;
  generator->submit(
      {.prompt = {5}, .priority = Priority::explanation},
      [&](const engine::TokenEvent& event) {
        explanation += event.bytes;
        if (explanation == tokenizer_->decode(std::span(ids_).first(2))) explaining.set_value();
        return true;
      },
      [&](Result<GenerateResult> result) { explained.set_value(std::move(result)); });
  explaining.get_future().get();
  ASSERT_TRUE(ask(*generator, {.max_tokens = 3}));
  EXPECT_EQ(text_, tokenizer_->decode(std::span(ids_).first(3)));
  EXPECT_TRUE(explained.get_future().get());
  EXPECT_EQ(explanation, kText) << "it went on where it was";
}

TEST_F(RemoteServers, AreAskedAgainOnlyWhereTheyHaveNotBegun) {
  int n = 0;
  EXPECT_EQ(failure([&](const ReceivedRequest& request, Peer& peer) {
              if (n++ < 2) return peer.reply(503, "{}");
              write_text(request, peer);
            }),
            "");
  EXPECT_EQ(text_, kText);
  n = 0;
  EXPECT_EQ(failure([&](const ReceivedRequest& request, Peer& peer) {
              if (n++ == 0) return peer.reply(429, "{}", "Retry-After: 1\r\n");
              write_text(request, peer);
            }),
            "");
  n = 0;
  EXPECT_THAT(failure([&](const ReceivedRequest&, Peer& peer) {
                ++n;
                peer.reply(500, R"({"error":{"message":"no memory"}})");
              }),
              HasSubstr("answered with status 500: no memory"));
  EXPECT_EQ(n, 1);
  n = 0;
  EXPECT_THAT(failure([&](const ReceivedRequest&, Peer& peer) {
                ++n;
                peer.begin_stream();
                peer.event(token(ids_[0]));
                peer.reset();
              }),
              HasSubstr("closed the connection in the middle"));
  EXPECT_EQ(n, 1);
}

TEST_F(RemoteServers, AreNotWaitedForLongerThanIsSensible) {
  int n = 0;
  EXPECT_THAT(failure([&](const ReceivedRequest&, Peer& peer) {
                ++n;
                peer.reply(503, "{}", "Retry-After: 3600\r\n");
              }),
              HasSubstr("answered with status 503"));
  EXPECT_EQ(n, 1);
  times_ = {.answer = 300ms, .event = 300ms};
  EXPECT_THAT(failure([&](const ReceivedRequest& request, Peer& peer) {
                if (request.path == "/completion") peer.wait_until_gone();
              }),
              HasSubstr("did not answer within 300 ms"));
  EXPECT_THAT(failure([&](const ReceivedRequest&, Peer& peer) {
                peer.begin_stream();
                peer.chunk("data: {\"tok");
                peer.wait_until_gone();
              }),
              HasSubstr("did not answer within 300 ms in the middle"));
}

TEST_F(RemoteServers, ThatTalkNonsenseAreUnderstoodAsSuch) {
  const auto stream = [](std::string bytes) {
    return [bytes = std::move(bytes)](const ReceivedRequest&, Peer& peer) {
      peer.begin_stream();
      peer.chunk(bytes);
      peer.end_stream();
    };
  };
  EXPECT_THAT(failure(stream("data: {nonsense\n\n")), HasSubstr("not what it should be"));
  EXPECT_THAT(failure(stream("data: {\"tokens\":[123456789]}\n\n")), HasSubstr("vocabulary"));
  EXPECT_THAT(failure(stream("data: {\"error\":{\"message\":\"kv\"}}\n\n")),
              HasSubstr("failed: kv"));
  EXPECT_THAT(failure(stream("data: " + std::string(5 << 20, 'x'))), HasSubstr("longer than"));
  EXPECT_EQ(failure(stream("")), "") << "nothing at all is an empty text";
}

TEST_F(RemoteServers, ThatNeverEndAreLeftAtTheLastToken) {
  serve([&](const ReceivedRequest&, Peer& peer) {
    peer.begin_stream();
    while (peer.event(token(ids_[0]))) {
    }
  });
  const auto generator = connect().value();
  const auto result = ask(*generator, {.max_tokens = 9});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->tokens.size(), 9);
  EXPECT_EQ(result->stop, engine::StopReason::max_tokens);
}

TEST_F(RemoteServers, ThatFailAgainAndAgainAreLeftAlone) {
  std::atomic<int> n = 0;
  serve([&](const ReceivedRequest&, Peer& peer) {
    ++n;
    peer.reply(500, R"({"error":"broken"})");
  });
  const auto generator = connect().value();
  EXPECT_EQ(generator->state().breaker, CircuitBreaker::State::closed);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(ask(*generator));
  EXPECT_EQ(generator->state().breaker, CircuitBreaker::State::open);
  EXPECT_THAT(generator->state().problem, HasSubstr("broken"));
  EXPECT_THAT(ask(*generator).error().message, HasSubstr("left alone"));
  EXPECT_EQ(n, 3);
}

TEST_F(RemoteServers, AreAskedForTheLikeliestTokensWhereTheTextIsBound) {
  std::vector<json> bodies;
  serve([&](const ReceivedRequest& request, Peer& peer) {
    bodies.push_back(json::parse(request.body));
    if (bodies.size() == 2) return write_text(request, peer);
    // It would rather write something else; " t" is among its candidates.
    const TokenId other = tokenizer_->encode("}")[0];
    const json reply = {
        {"content", "}"},
        {"tokens", {other}},
        {"stop", true},
        {"stop_type", "limit"},
        {"completion_probabilities",
         {{{"id", other},
           {"logprob", -0.1},
           {"top_logprobs",
            {{{"id", other}, {"logprob", -0.1}}, {{"id", ids_[0]}, {"logprob", -3.0}}}}}}}};
    peer.reply(200, reply.dump());
  });
  const auto generator = connect().value();
  const auto result = ask(*generator, {.forced_prefix = "o"});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(text_, kText);
  ASSERT_EQ(bodies.size(), 2);
  EXPECT_EQ(bodies[0]["n_predict"], 1);
  EXPECT_EQ(bodies[1]["prompt"], json({5, ids_[0]}));
}

TEST_F(RemoteServers, WithAnotherVocabularyAreRefused) {
  server_ = std::make_unique<ScriptedServer>([](const ReceivedRequest& request, Peer& peer) {
    if (request.path == "/props") return peer.reply(200, R"({"default_generation_settings":{}})");
    peer.reply(200, R"({"tokens":[1,2,3]})");
  });
  EXPECT_THAT(connect_error(), AllOf(HasSubstr("another vocabulary"), HasSubstr("engine.model")));
}

TEST_F(RemoteServers, ThatAreNoneOrSendElsewhereAreNamed) {
  const auto error_of = [this](ScriptedServer::Handler handler) {
    server_ = std::make_unique<ScriptedServer>(std::move(handler));
    return connect_error();
  };
  EXPECT_THAT(error_of([](const ReceivedRequest&, Peer& peer) { peer.reply(404, "<html>"); }),
              HasSubstr("status 404"));
  EXPECT_THAT(error_of([](const ReceivedRequest&, Peer& peer) { peer.reply(200, "<html>"); }),
              HasSubstr("neither llama-server nor OpenAI-compatible"));
  EXPECT_THAT(error_of([](const ReceivedRequest&, Peer& peer) { peer.reply(401, "{}"); }),
              HasSubstr("FATHOM_REMOTE_TOKEN"));
  EXPECT_THAT(error_of([](const ReceivedRequest&, Peer& peer) {
                peer.reply(302, "", "Location: https://evil.example/x\r\n");
              }),
              HasSubstr("https://evil.example/x"));
  EXPECT_EQ(server_->n_connections(), 1);
}

/// vLLM, or one that has less.
class OpenAiServers : public RemoteServers {
 protected:
  void serve_openai(bool is_vllm, std::vector<std::string> models = {"lite"}) {
    server_ = std::make_unique<ScriptedServer>(
        [this, is_vllm, models](const ReceivedRequest& request, Peer& peer) {
          if (request.path == "/v1/models") {
            json data = json::array();
            for (const std::string& id : models)
              data.push_back(
                  {{"id", id}, {"owned_by", is_vllm ? "vllm" : "x"}, {"max_model_len", 256}});
            return peer.reply(200, json({{"data", data}}).dump());
          }
          if (request.path != "/v1/completions") return peer.reply(404, "{}");
          const json body = json::parse(request.body);
          if (!is_vllm && body.contains("logprobs"))
            return peer.reply(400, R"({"error":{"message":"`logprobs` is not supported here"}})");
          complete(body, is_vllm, peer);
        });
  }

  void complete(const json& body, bool is_vllm, Peer& peer) {
    const size_t begin = std::min(body["prompt"].size() - 1, ids_.size());
    const size_t end = std::min(ids_.size(), begin + body["max_tokens"].get<size_t>());
    std::vector<std::string> events;
    for (size_t i = begin; i < end; ++i) {
      json choice = {{"text", tokenizer_->bytes(ids_[i])},
                     {"finish_reason", i + 1 == ids_.size() ? json("stop") : json()}};
      if (is_vllm) {
        const std::string name = fmt::format("token_id:{}", ids_[i]);
        choice["logprobs"] = {
            {"tokens", {name}}, {"token_logprobs", {-0.5}}, {"top_logprobs", {{{name, -0.5}}}}};
      }
      events.push_back(json({{"choices", {choice}}}).dump());
    }
    if (!body.value("stream", false)) return peer.reply(200, events.empty() ? "{}" : events[0]);
    peer.begin_stream();
    for (const std::string& event : events) peer.event(event);
    peer.event("[DONE]");
    peer.end_stream();
  }
};

TEST_F(OpenAiServers, GenerateWithVllmsExtensions) {
  serve_openai(true);
  const auto generator = connect().value();
  EXPECT_EQ(generator->info().context_tokens, 256);
  const auto result = ask(*generator);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(text_, kText);
  EXPECT_FLOAT_EQ(result->mean_logprob, -0.5f);
  ASSERT_TRUE(ask(*generator, {.forced_prefix = "on"}));
  EXPECT_EQ(text_, kText);
}

TEST_F(OpenAiServers, GenerateWithoutThem) {
  serve_openai(false);
  const auto generator = connect().value();
  ASSERT_TRUE(ask(*generator));
  EXPECT_EQ(text_, kText);
  const auto ranked = ask(*generator, {.first_rank = 1});
  EXPECT_EQ(ranked.error().code, ErrorCode::unsupported);
}

TEST_F(OpenAiServers, ThatOnlyTalkExplain) {
  server_ = std::make_unique<ScriptedServer>([](const ReceivedRequest& request, Peer& peer) {
    if (request.path == "/v1/models") return peer.reply(200, R"({"data":[{"id":"r1"}]})");
    if (request.path != "/v1/chat/completions") return peer.reply(404, "{}");
    if (!json::parse(request.body).value("stream", false))
      return peer.reply(200, R"({"choices":[{"message":{"content":"a"}}]})");
    peer.begin_stream();
    peer.event(R"({"choices":[{"delta":{"reasoning_content":"Hm."}}]})");
    peer.event(R"({"choices":[{"delta":{"content":"It adds."},"finish_reason":"stop"}]})");
    peer.event("[DONE]");
    peer.end_stream();
  });
  const auto generator = connect().value();
  GenerateRequest request{.prompt = {5}};
  request.conversation = std::make_shared<const engine::Conversation>(
      engine::Conversation{.turns = {{.role = "user", .text = "why?"}}, .n_tokens = 1});
  ASSERT_TRUE(ask(*generator, request));
  EXPECT_EQ(text_, "<think>Hm.</think>It adds.");
  EXPECT_EQ(json::parse(server_->requests().back().body)["messages"][0]["content"], "why?");
  EXPECT_THAT(ask(*generator).error().message, HasSubstr("only talks"));
}

TEST_F(OpenAiServers, ThatAreOllamaFillHolesByThemselves) {
  server_ = std::make_unique<ScriptedServer>([](const ReceivedRequest& request, Peer& peer) {
    if (request.path == "/v1/models")
      return peer.reply(200, R"({"data":[{"id":"coder","owned_by":"library"}]})");
    if (request.path == "/api/version") return peer.reply(200, R"({"version":"0.9.1"})");
    if (request.path == "/api/show")
      return peer.reply(200, R"({"parameters":"stop \"x\"\nnum_ctx        300\n"})");
    if (request.path != "/v1/completions") return peer.reply(404, "{}");
    peer.begin_stream();
    peer.event(R"({"choices":[{"text":"b ]","finish_reason":"stop"}]})");
    peer.end_stream();
  });
  const auto generator = connect().value();
  EXPECT_THAT(generator->info().device, HasSubstr("Ollama"));
  EXPECT_EQ(generator->info().context_tokens, 300);
  const engine::FimTraits& fim = *generator->traits().fim;
  GenerateRequest request{.prompt = {fim.begin}};
  tokenizer_->encode("f(a, ", request.prompt);
  request.prompt.insert(request.prompt.end(), {fim.hole, fim.end});
  ASSERT_TRUE(ask(*generator, request));
  EXPECT_EQ(text_, "b ]");
  const json body = json::parse(server_->requests().back().body);
  EXPECT_EQ(body["prompt"], "f(a, ");
  EXPECT_EQ(body["suffix"], "\n");
}

TEST_F(OpenAiServers, WithSeveralModelsWantOneNamed) {
  serve_openai(true, {"small", "large"});
  EXPECT_THAT(connect_error(), AllOf(HasSubstr("remote.model"), HasSubstr("small, large")));
  configured_.model = "huge";
  EXPECT_THAT(connect_error(), AllOf(HasSubstr("no model 'huge'"), HasSubstr("small, large")));
  configured_.model = "large";
  EXPECT_EQ(connect_error(), "");
  EXPECT_EQ(json::parse(server_->requests().back().body)["model"], "large");
}

TEST_F(RemoteServers, OnOtherMachinesAreNotSpokenToInClear) {
  configured_.url = "http://192.0.2.1:8080";
  EXPECT_THAT(connect_error(), AllOf(HasSubstr("remote.allow_unencrypted"), HasSubstr("ssh -L")));
  configured_.allow_unencrypted = true;
  const test::TempDir dir;
  configured_.token_file = (dir.path() / "token").string();
  std::ofstream(configured_.token_file) << "s3cret\n";
  EXPECT_THAT(connect_error(),
              AllOf(HasSubstr("a token is not sent unencrypted"), Not(HasSubstr("s3cret"))));
}

TEST_F(RemoteServers, GetTheTokenOfTheFile) {
  const test::TempDir dir;
  configured_.token_file = (dir.path() / "token").string();
  serve([this](const ReceivedRequest& request, Peer& peer) { write_text(request, peer); });
  EXPECT_THAT(connect_error(), HasSubstr("token"));
  std::ofstream(configured_.token_file) << "s3cret\n";
  EXPECT_EQ(connect_error(), "");
  for (const ReceivedRequest& request : server_->requests())
    EXPECT_THAT(request.head, HasSubstr("Authorization: Bearer s3cret\r\n"));
  std::ofstream(configured_.token_file) << "two\nlines";
  EXPECT_THAT(connect_error(), AllOf(HasSubstr("strange character"), Not(HasSubstr("two"))));
}

}  // namespace
}  // namespace fathom::completion
