#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "completion/remote/protocol.h"
#include "engine/checkpoint/checkpoint.h"

namespace fathom::completion {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class LlamaServer : public testing::Test {
 protected:
  std::shared_ptr<const engine::Tokenizer> tokenizer_ =
      engine::Tokenizer::load(*engine::Checkpoint::open("models/nano/fathom-nano.gguf").value())
          .value();
  std::unique_ptr<Protocol> protocol_ = llama_server_protocol(tokenizer_);
};

TEST_F(LlamaServer, IsAskedForTokensBehindTokens) {
  const json body = json::parse(protocol_->body({.prompt = {1, 2}, .n_tokens = 5, .stream = true}));
  EXPECT_EQ(body["prompt"], json({1, 2}));
  EXPECT_EQ(body["n_predict"], 5);
  EXPECT_EQ(body["stream"], true);
  EXPECT_EQ(body["cache_prompt"], true);
  EXPECT_EQ(body["temperature"], 0);
  EXPECT_FALSE(body.contains("ignore_eos"));
  EXPECT_FALSE(body.contains("logit_bias"));
}

TEST_F(LlamaServer, IsToldWhatMayFollow) {
  const json body = json::parse(
      protocol_->body({.prompt = {1}, .n_tokens = 1, .forbid_end = true, .only = {7, 9}}));
  EXPECT_EQ(body["ignore_eos"], true);
  ASSERT_EQ(body["logit_bias"].size(), 2);
  EXPECT_EQ(body["logit_bias"][1][0], 9);
  EXPECT_GT(body["logit_bias"][1][1], 100);
}

TEST_F(LlamaServer, GivesATokenWithItsCandidates) {
  const ServerReply reply =
      protocol_
          ->read(R"({"content":"a","tokens":[400],"stop":false,"completion_probabilities":[
                 {"id":400,"logprob":-0.5,"top_logprobs":[{"id":400,"logprob":-0.5},
                 {"id":3,"logprob":-2.5},{"id":99999999,"logprob":-3}]}]})")
          .value();
  ASSERT_EQ(reply.tokens.size(), 1);
  EXPECT_EQ(reply.tokens[0].id, 400);
  EXPECT_FLOAT_EQ(reply.tokens[0].logprob, -0.5f);
  ASSERT_EQ(reply.tokens[0].candidates.size(), 2) << "one is not of the vocabulary";
  EXPECT_EQ(reply.tokens[0].candidates[1].id, 3);
  EXPECT_FALSE(reply.done);
}

TEST_F(LlamaServer, SaysWhyItIsDone) {
  const auto read = [&](const char* type) {
    return protocol_
        ->read(fmt::format(
            R"({{"content":"","tokens":[],"stop":true,"stop_type":"{}","timings":{{"cache_n":12}}}})",
            type))
        .value();
  };
  EXPECT_TRUE(read("eos").done);
  EXPECT_TRUE(read("eos").ended);
  EXPECT_FALSE(read("limit").ended);
  EXPECT_EQ(read("limit").reused_tokens, 12);
}

TEST_F(LlamaServer, RestoresTheTokensOfACharacterThatItHeldBack) {
  const std::string character = "\xe6\xbc\xa2";
  const std::vector<engine::TokenId> ids = tokenizer_->encode(character);
  ASSERT_GT(ids.size(), 1) << "a character of several tokens";
  const json event = {{"content", character}, {"tokens", {ids.back()}}, {"stop", false}};
  const ServerReply reply = protocol_->read(event.dump()).value();
  ASSERT_EQ(reply.tokens.size(), ids.size());
  for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(reply.tokens[i].id, ids[i]);
}

TEST_F(LlamaServer, FindsTheProbabilitiesOfTokensThatHaveThem) {
  const ServerReply reply =
      protocol_
          ->read(R"({"tokens":[5,6,7],"stop":true,"stop_type":"limit","completion_probabilities":[
                 {"id":5,"logprob":-1},{"id":7,"logprob":-3}]})")
          .value();
  ASSERT_EQ(reply.tokens.size(), 3);
  EXPECT_FLOAT_EQ(reply.tokens[0].logprob, -1);
  EXPECT_FLOAT_EQ(reply.tokens[1].logprob, 0);
  EXPECT_FLOAT_EQ(reply.tokens[2].logprob, -3);
}

TEST_F(LlamaServer, IsNotBelievedEverything) {
  for (const char* data :
       {"", "[]", "1", "{", "{}", R"({"tokens":5})", R"({"tokens":["x"]})", R"({"tokens":[-1]})",
        R"({"tokens":[99999999]})", R"({"tokens":[1.5]})", R"({"tokens":[18446744073709551615]})"})
    EXPECT_EQ(protocol_->read(data).error().code, ErrorCode::corrupt) << data;
  const std::string deep =
      R"({"tokens":[],"a":)" + std::string(100, '[') + std::string(100, ']') + "}";
  EXPECT_EQ(protocol_->read(deep).error().code, ErrorCode::corrupt);
}

TEST_F(LlamaServer, SaysThatItFailed) {
  const Result<ServerReply> reply =
      protocol_->read("{\"error\":{\"code\":500,\"message\":\"out of \\u001b[31mslots\"}}");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::io);
  EXPECT_THAT(reply.error().message, HasSubstr("out of  [31mslots"));
}

}  // namespace
}  // namespace fathom::completion
