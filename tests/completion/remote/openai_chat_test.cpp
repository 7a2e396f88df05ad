// Servers that lay prompts out by themselves: what they are given, and what comes back.

#include "completion/remote/openai_chat.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "completion/remote/protocol.h"
#include "engine/checkpoint/checkpoint.h"

namespace fathom::completion {
namespace {

using engine::SpecialRole;
using engine::TokenId;
using nlohmann::json;

class OpenAiChat : public testing::Test {
 protected:
  std::unique_ptr<Protocol> protocol(OpenAiFeatures features) {
    return openai_protocol(tokenizer_, std::move(features));
  }
  TokenId special(SpecialRole role) { return tokenizer_->special(role).value(); }
  void add(std::string_view text, std::vector<TokenId>& tokens) {
    tokenizer_->encode(text, tokens);
  }

  /// A question, laid out in `n_tokens`.
  static std::shared_ptr<const engine::Conversation> question(size_t n_tokens) {
    return std::make_shared<const engine::Conversation>(engine::Conversation{
        .turns = {{.role = "user", .text = "what is \"x\"?"}}, .n_tokens = n_tokens});
  }

  std::shared_ptr<const engine::Tokenizer> tokenizer_ =
      engine::Tokenizer::load(*engine::Checkpoint::open("models/nano/fathom-nano.gguf").value())
          .value();
};

TEST_F(OpenAiChat, GivesTheConversationToAServerThatLaysItOut) {
  const auto server = protocol({.model = "r1", .lays_out = true, .completes = false});
  const Ask ask{.prompt = {1, 2, 3}, .n_tokens = 9, .stream = true, .conversation = question(3)};
  EXPECT_EQ(server->path(ask), "/v1/chat/completions");
  const json body = json::parse(server->body(ask));
  EXPECT_EQ(body["messages"], json::parse(R"([{"role":"user","content":"what is \"x\"?"}])"));
  EXPECT_EQ(body["max_tokens"], 9);
  EXPECT_EQ(body["model"], "r1");
  for (const char* name : {"prompt", "response_format", "logprobs"})
    EXPECT_FALSE(body.contains(name)) << name;
}

TEST_F(OpenAiChat, GoesOnBehindWhatWasSaid) {
  Ask ask{.prompt = {1, 2}, .conversation = question(2)};
  add("I wonder.", ask.prompt);
  const json open = json::parse(protocol({.lays_out = true})->body(ask))["messages"][1];
  EXPECT_EQ(open, json::parse(R"({"role":"assistant","content":"I wonder.","prefix":true})"));
  ask.prompt.push_back(special(SpecialRole::think_end));
  add("It is", ask.prompt);
  const json closed = json::parse(protocol({.lays_out = true})->body(ask))["messages"][1];
  EXPECT_EQ(closed, json::parse(R"({"role":"assistant","content":"It is","prefix":true,
                                    "reasoning_content":"I wonder."})"));
}

TEST_F(OpenAiChat, AsksForAFormWithItsKeysInTheirOrder) {
  const auto server = protocol({});
  Ask ask{.prompt = {1}, .conversation = question(1), .schema = R"({"type":"object","a":1})"};
  EXPECT_EQ(server->path(ask), "/v1/chat/completions");
  EXPECT_THAT(server->body(ask), testing::HasSubstr(R"("schema":{"type":"object","a":1})"));
  ask.schema.clear();
  EXPECT_EQ(server->path(ask), "/v1/completions") << "it takes the prompt as it is";
}

TEST_F(OpenAiChat, GivesBothSidesOfAHole) {
  const auto server = protocol({.lays_out = true});
  Ask ask{.prompt = {special(SpecialRole::bos), special(SpecialRole::fim_begin)}};
  add("#a.py\nx = 1\n", ask.prompt);
  ask.prompt.push_back(special(SpecialRole::fim_hole));
  add("\nprint(x)\n", ask.prompt);
  ask.prompt.push_back(special(SpecialRole::fim_end));
  add("y = ", ask.prompt);
  EXPECT_EQ(server->path(ask), "/v1/completions");
  const json body = json::parse(server->body(ask));
  EXPECT_EQ(body["prompt"], "#a.py\nx = 1\ny = ");
  EXPECT_EQ(body["suffix"], "\nprint(x)\n");
}

TEST_F(OpenAiChat, NeverLeavesTheSuffixEmpty) {
  const auto body = [&](const std::vector<TokenId>& prompt) {
    return json::parse(protocol({.lays_out = true})->body({.prompt = prompt}));
  };
  std::vector<TokenId> prompt = {special(SpecialRole::fim_begin)};
  add("x", prompt);
  EXPECT_FALSE(body(prompt).contains("suffix")) << "there is no hole";
  prompt.push_back(special(SpecialRole::fim_hole));
  EXPECT_EQ(body(prompt)["suffix"], "\n") << "the end is missing";
  prompt.push_back(special(SpecialRole::fim_end));
  EXPECT_EQ(body(prompt)["suffix"], "\n");
  EXPECT_EQ(body(prompt)["prompt"], "x");
}

TEST_F(OpenAiChat, ReadsReasoningByBothItsNames) {
  const auto server = protocol({.lays_out = true});
  const ServerReply first =
      server->read(R"({"choices":[{"delta":{"role":"assistant","reasoning_content":"hm"}}]})")
          .value();
  EXPECT_EQ(first.reasoning, "hm");
  EXPECT_TRUE(first.tokens.empty());
  EXPECT_EQ(server->read(R"({"choices":[{"delta":{"reasoning":"hm"}}]})")->reasoning, "hm");
  const ServerReply whole =
      server
          ->read(R"({"choices":[{"message":{"reasoning_content":"hm","content":"x = 1"},
                                   "finish_reason":"stop"}]})")
          .value();
  EXPECT_EQ(whole.reasoning, "hm");
  EXPECT_FALSE(whole.tokens.empty());
  EXPECT_TRUE(whole.ended);
}

TEST_F(OpenAiChat, ReadsReasoningInTheTextAsItsTokens) {
  const ServerReply reply = protocol({.lays_out = true})
                                ->read(R"({"choices":[{"delta":{"content":"</think>"}}]})")
                                .value();
  ASSERT_EQ(reply.tokens.size(), 1u);
  EXPECT_EQ(reply.tokens[0].id, special(SpecialRole::think_end));
}

TEST_F(OpenAiChat, SaysNothingWhereTheServerTalksNonsense) {
  for (const char* data :
       {R"({"choices":[{"delta":7}]})", R"({"choices":[{"delta":{"content":7}}]})",
        R"({"choices":[{"message":[]}]})", R"({"choices":[{}]})"}) {
    const ServerReply reply = protocol({.lays_out = true})->read(data).value();
    EXPECT_TRUE(reply.tokens.empty() && reply.reasoning.empty()) << data;
  }
}

}  // namespace
}  // namespace fathom::completion
