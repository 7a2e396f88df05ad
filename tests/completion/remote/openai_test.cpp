#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "completion/remote/protocol.h"
#include "engine/checkpoint/checkpoint.h"

namespace fathom::completion {
namespace {

using nlohmann::json;

class OpenAi : public testing::Test {
 protected:
  std::unique_ptr<Protocol> protocol(OpenAiFeatures features) {
    return openai_protocol(tokenizer_, std::move(features));
  }

  std::shared_ptr<const engine::Tokenizer> tokenizer_ =
      engine::Tokenizer::load(*engine::Checkpoint::open("models/nano/fathom-nano.gguf").value())
          .value();
};

TEST_F(OpenAi, IsAskedForVllmsCandidatesByTheirIds) {
  const json body = json::parse(protocol({.model = "lite", .has_token_ids = true})
                                    ->body({.prompt = {1, 2},
                                            .n_tokens = 5,
                                            .n_candidates = 40,
                                            .forbid_end = true,
                                            .only = {7}}));
  EXPECT_EQ(body["model"], "lite");
  EXPECT_EQ(body["prompt"], json({1, 2}));
  EXPECT_EQ(body["max_tokens"], 5);
  EXPECT_EQ(body["logprobs"], 20) << "vLLM allows no more";
  EXPECT_EQ(body["return_tokens_as_token_ids"], true);
  EXPECT_EQ(body["ignore_eos"], true);
  EXPECT_EQ(body["allowed_token_ids"], json({7}));
}

TEST_F(OpenAi, IsAskedOnlyForWhatItHas) {
  const json body = json::parse(protocol({})->body({.prompt = {1, 2}, .n_tokens = 0}));
  EXPECT_EQ(body["max_tokens"], 1) << "none is not allowed everywhere";
  for (const char* name : {"model", "logprobs", "return_tokens_as_token_ids", "seed"})
    EXPECT_FALSE(body.contains(name)) << name;
}

TEST_F(OpenAi, GetsTextWhereItTakesNoTokens) {
  std::vector<engine::TokenId> prompt = tokenizer_->encode("int \xe6\xbc\xa2");
  prompt.insert(prompt.begin(), tokenizer_->special(engine::SpecialRole::bos).value());
  const json body = json::parse(protocol({.takes_tokens = false})->body({.prompt = prompt}));
  EXPECT_EQ(body["prompt"], "int \xe6\xbc\xa2");
}

TEST_F(OpenAi, GivesVllmsTokensWithTheirCandidates) {
  const ServerReply reply = protocol({.has_token_ids = true})
                                ->read(R"({"choices":[{"text":"ab","finish_reason":null,"logprobs":{
                 "tokens":["token_id:65","token_id:66"],"token_logprobs":[-0.1,-0.2],
                 "top_logprobs":[{"token_id:9":-3,"token_id:65":-0.1},{"token_id:66":-0.2}]}}]})")
                                .value();
  ASSERT_EQ(reply.tokens.size(), 2);
  EXPECT_EQ(reply.tokens[0].id, 65);
  EXPECT_FLOAT_EQ(reply.tokens[1].logprob, -0.2f);
  ASSERT_EQ(reply.tokens[0].candidates.size(), 2);
  EXPECT_EQ(reply.tokens[0].candidates[0].id, 65) << "the likeliest first";
}

TEST_F(OpenAi, GivesTheTokensOfItsText) {
  const ServerReply reply = protocol({})
                                ->read(R"({"choices":[{"text":"return x","finish_reason":"stop"}],
                 "usage":{"prompt_tokens_details":{"cached_tokens":3}}})")
                                .value();
  std::vector<engine::TokenId> ids;
  for (const ServerToken& token : reply.tokens) ids.push_back(token.id);
  EXPECT_EQ(tokenizer_->decode(ids), "return x");
  EXPECT_TRUE(reply.ended);
  EXPECT_EQ(reply.reused_tokens, 3);
}

TEST_F(OpenAi, IsDoneWhenItSaysSo) {
  EXPECT_TRUE(protocol({})->read("[DONE]")->done);
  EXPECT_FALSE(protocol({})->read(R"({"choices":[],"usage":{}})")->done);
  EXPECT_FALSE(protocol({})->read(R"({"choices":[{"text":"","finish_reason":"length"}]})")->ended);
}

TEST_F(OpenAi, IsNotBelievedEverything) {
  for (const char* data :
       {"", "{}", R"({"choices":7})", R"({"choices":[{"logprobs":{}}]})",
        R"({"choices":[{"logprobs":{"tokens":["token_id:99999999"]}}]})",
        R"({"choices":[{"logprobs":{"tokens":["token_id:-1"]}}]})",
        R"({"choices":[{"logprobs":{"tokens":["token_id:1x"]}}]})",
        R"({"choices":[{"logprobs":{"tokens":["a"]}}]})", R"({"choices":[{"text":"a"}]})"})
    EXPECT_EQ(protocol({.has_token_ids = true})->read(data).error().code, ErrorCode::corrupt)
        << data;
  EXPECT_EQ(protocol({})->read(R"({"error":{"message":"busy"}})").error().code, ErrorCode::io);
  EXPECT_TRUE(protocol({})->read(R"({"choices":[7]})")) << "odd, and without text";
}

}  // namespace
}  // namespace fathom::completion
