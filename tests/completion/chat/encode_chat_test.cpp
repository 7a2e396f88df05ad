#include "completion/chat/encode_chat.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_generator.h"

namespace fathom::completion {
namespace {

using engine::ChatFormat;
using engine::TokenId;
using testing::HasSubstr;

const engine::Tokenizer& tiny() {
  static const test::FakeGenerator generator;
  return generator.tokenizer();
}

engine::ChatTraits chat_of(ChatFormat format) {
  return {.format = format, .default_system = format == ChatFormat::chatml ? "You help." : ""};
}

std::string spelled(const std::vector<TokenId>& tokens) {
  std::string text;
  for (const TokenId token : tokens) text += tiny().bytes(token);
  return text;
}

/// Full-width bars and low blanks are written as "|" and "_" in what is expected.
std::string in_ascii(std::string text) {
  for (const auto& [from, to] : {std::pair("\uff5c", "|"), std::pair("\u2581", "_")}) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at))
      text.replace(at, 3, to);
  }
  return text;
}

std::string render(ChatFormat format, const std::vector<ChatMessage>& messages,
                   const ChatOptions& options = {}) {
  const auto tokens = encode_chat(messages, options, chat_of(format), tiny());
  return tokens ? in_ascii(spelled(*tokens)) : "error: " + tokens.error().message;
}

ChatMessage system(std::string text) {
  return {.role = ChatRole::system, .content = std::move(text)};
}
ChatMessage user(std::string text) { return {.role = ChatRole::user, .content = std::move(text)}; }
ChatMessage answer(std::string text) {
  return {.role = ChatRole::assistant, .content = std::move(text)};
}
ChatMessage result(std::string text, std::string id = "") {
  return {.role = ChatRole::tool, .content = std::move(text), .tool_call_id = std::move(id)};
}

const std::vector<ChatMessage> kTalk = {system("Be kind."), user("Hi"),
                                        answer("<think>Hm.</think>Hello"), user("Bye")};

TEST(EncodeChat, OfCoderInstructMarksTurnsWithHeadings) {
  EXPECT_EQ(render(ChatFormat::deepseek_coder, kTalk),
            "<|begin_of_sentence|>Be kind.### Instruction:\nHi\n### Response:\n"
            "<think>Hm.</think>Hello\n<|EOT|>\n### Instruction:\nBye\n### Response:\n");
  EXPECT_THAT(render(ChatFormat::deepseek_coder, {user("Hi")}),
              HasSubstr("you will refuse to answer\n### Instruction:\nHi\n"));
  EXPECT_THAT(render(ChatFormat::deepseek_vl2, {system("S"), user("Hi")}),
              HasSubstr("you will refuse to answer.\nS### Instruction:\nHi\n### Response:\n"));
}

TEST(EncodeChat, OfV2EndsInAColon) {
  EXPECT_EQ(render(ChatFormat::deepseek_v2, kTalk),
            "<|begin_of_sentence|>Be kind.\n\nUser: Hi\n\nAssistant: <think>Hm.</think>Hello"
            "<|end_of_sentence|>User: Bye\n\nAssistant:");
}

TEST(EncodeChat, OfV3HasTurnsBetweenTokens) {
  const std::string expected =
      "<|begin_of_sentence|>Be kind.<|User|>Hi<|Assistant|><think>Hm.</think>Hello"
      "<|end_of_sentence|><|User|>Bye<|Assistant|>";
  EXPECT_EQ(render(ChatFormat::deepseek_v3, kTalk), expected);
  EXPECT_EQ(render(ChatFormat::deepseek_v2_5, kTalk), expected);
}

TEST(EncodeChat, OfR1DropsOldReasoningAndOpensTheNew) {
  const std::string expected =
      "<|begin_of_sentence|>Be kind.<|User|>Hi<|Assistant|>Hello<|end_of_sentence|><|User|>Bye"
      "<|Assistant|><think>\n";
  EXPECT_EQ(render(ChatFormat::deepseek_r1, kTalk), expected);
  EXPECT_EQ(render(ChatFormat::r1_distill, kTalk), expected);
  EXPECT_EQ(render(ChatFormat::r1_0528, kTalk),
            "<|begin_of_sentence|>Be kind.<|User|>Hi<|Assistant|>Hello<|end_of_sentence|><|User|>"
            "Bye<|Assistant|>");
}

TEST(EncodeChat, TakesSystemMessagesAsTheTemplatesDo) {
  const std::vector<ChatMessage> two = {system("A"), system("B"), user("Go")};
  EXPECT_THAT(render(ChatFormat::deepseek_v3, two), HasSubstr("A\n\nB<|User|>"));
  EXPECT_THAT(render(ChatFormat::deepseek_r1, two), HasSubstr("A\n\nB<|User|>"));
  EXPECT_THAT(render(ChatFormat::deepseek_v2_5, two), HasSubstr("sentence|>B<|User|>"));
  EXPECT_THAT(render(ChatFormat::r1_distill, two), HasSubstr("sentence|>B<|User|>"));
  EXPECT_THAT(render(ChatFormat::deepseek_v4, two), HasSubstr("AB<|User|>"));
}

TEST(EncodeChat, OfV31AndLaterTurnsTheReasoningOnOrOff) {
  const std::vector<ChatMessage> talk = {user("Hi"), answer("Hello"), user("Bye")};
  const std::string begin =
      "<|begin_of_sentence|><|User|>Hi<|Assistant|></think>Hello<|end_of_sentence|><|User|>Bye"
      "<|Assistant|>";
  for (const ChatFormat format :
       {ChatFormat::deepseek_v3_1, ChatFormat::deepseek_v3_2, ChatFormat::deepseek_v4}) {
    EXPECT_EQ(render(format, talk, {.thinking = true}), begin + "<think>");
    EXPECT_EQ(render(format, talk, {.thinking = false}), begin + "</think>");
  }
}

TEST(EncodeChat, OfQwenIsChatMl) {
  EXPECT_EQ(render(ChatFormat::chatml, {user("Hi")}),
            "<|begin_of_sentence|><|im_start|>system\nYou help.<|im_end|>\n<|im_start|>user\nHi"
            "<|im_end|>\n<|im_start|>assistant\n")
      << "the tiny tokenizer adds BOS, which Qwen's does not";
  EXPECT_THAT(render(ChatFormat::chatml, kTalk),
              HasSubstr("<|im_start|>system\nBe kind.<|im_end|>"));
}

// ---- Tools ----

ChatMessage call(std::string arguments) {
  return {.role = ChatRole::assistant,
          .content = "",
          .reasoning = "Look.",
          .tool_calls = {{.id = "c1", .name = "add", .arguments = std::move(arguments)}}};
}

std::vector<ChatMessage> tool_talk(const std::string& arguments) {
  return {user("1+1?"), call(arguments), result("2", "c1"), answer("Two"), user("Thanks")};
}

TEST(EncodeChat, PutsToolCallsIntoTheFormOfTheModel) {
  const std::string arguments = R"({"a":1,"b":"x"})";
  EXPECT_THAT(render(ChatFormat::deepseek_r1, tool_talk(arguments)),
              HasSubstr("<|Assistant|><|tool_calls_begin|><|tool_call_begin|>function<|tool_sep|>"
                        "add\n```json\n{\"a\":1,\"b\":\"x\"}\n```<|tool_call_end|>"
                        "<|tool_calls_end|><|end_of_sentence|><|tool_outputs_begin|>"
                        "<|tool_output_begin|>2<|tool_output_end|><|tool_outputs_end|>Two"));
  EXPECT_THAT(render(ChatFormat::deepseek_v3_1, tool_talk(arguments)),
              HasSubstr("</think><|tool_calls_begin|><|tool_call_begin|>add<|tool_sep|>"
                        "{\"a\":1,\"b\":\"x\"}<|tool_call_end|><|tool_calls_end|>"));
  const std::string invoke =
      "<|DSML|invoke name=\"add\">\n<|DSML|parameter name=\"a\" "
      "string=\"false\">1</|DSML|parameter>\n"
      "<|DSML|parameter name=\"b\" string=\"true\">x</|DSML|parameter>\n</|DSML|invoke>\n";
  EXPECT_THAT(render(ChatFormat::deepseek_v3_2, tool_talk(arguments)),
              HasSubstr("\n\n<|DSML|function_calls>\n" + invoke +
                        "</|DSML|function_calls><|end_of_sentence|>\n\n<function_results>\n"
                        "<result>2</result>\n</function_results>\n\n</think>Two"));
  EXPECT_THAT(render(ChatFormat::deepseek_v4, tool_talk(arguments)),
              HasSubstr("\n\n<|DSML|tool_calls>\n" + invoke +
                        "</|DSML|tool_calls><|end_of_sentence|><|User|><tool_result>2"
                        "</tool_result><|Assistant|></think>Two"));
}

TEST(EncodeChat, ClosesEachTurnOfSeveralCalls) {
  ChatMessage both = call("{}");
  both.tool_calls.push_back({.id = "c2", .name = "sub", .arguments = "{}"});
  const std::vector<ChatMessage> talk = {user("?"), both, result("1", "c1"), result("2", "c2")};
  const std::string fence = "\n```json\n{}\n```<|tool_call_end|>";
  EXPECT_THAT(render(ChatFormat::deepseek_v3, talk),
              HasSubstr("add" + fence + "\n<|tool_call_begin|>function<|tool_sep|>sub" + fence +
                        "<|tool_calls_end|><|end_of_sentence|><|tool_outputs_begin|>"
                        "<|tool_output_begin|>1<|tool_output_end|>\n<|tool_output_begin|>2"
                        "<|tool_output_end|><|tool_outputs_end|>"));
  EXPECT_THAT(render(ChatFormat::deepseek_v3_2, talk),
              HasSubstr("<result>1</result>\n<result>2</result>\n</function_results>"));
}

TEST(EncodeChat, OfV4SortsResultsIntoTheOrderOfTheCalls) {
  ChatMessage both = call("{}");
  both.tool_calls.push_back({.id = "c2", .name = "sub", .arguments = "{}"});
  EXPECT_THAT(render(ChatFormat::deepseek_v4,
                     {user("?"), both, result("2", "c2"), result("1", "c1"), user("And?")}),
              HasSubstr("<tool_result>1</tool_result>\n\n<tool_result>2</tool_result>\n\nAnd?"
                        "<|Assistant|><think>"));
}

TEST(EncodeChat, WritesJsonAsPythonDoes) {
  const std::vector<ChatMessage> talk = {{.role = ChatRole::system,
                                          .content = "S",
                                          .tools = {R"({"name":"f","list":[1,2],"none":{}})"}},
                                         user("?"),
                                         call(R"({"v":{"a":[true,null],"b":"\u00e4"}})")};
  for (const ChatFormat format : {ChatFormat::deepseek_v3_2, ChatFormat::deepseek_v4}) {
    const std::string text = render(format, talk);
    EXPECT_THAT(text, HasSubstr("\n{\"name\": \"f\", \"list\": [1, 2], \"none\": {}}\n"));
    EXPECT_THAT(text, HasSubstr(">{\"a\": [true, null], \"b\": \"\xc3\xa4\"}<"));
  }
}

TEST(EncodeChat, SaysWhatALayoutCannotExpress) {
  for (const ChatFormat format : {ChatFormat::deepseek_coder, ChatFormat::deepseek_vl2,
                                  ChatFormat::deepseek_v2, ChatFormat::chatml})
    EXPECT_THAT(render(format, tool_talk("{}")), HasSubstr("has no tool calls"));
  const std::vector<ChatMessage> listed = {
      {.role = ChatRole::system, .content = "S", .tools = {"{}"}}, user("?")};
  EXPECT_THAT(render(ChatFormat::deepseek_v3, listed), HasSubstr("has no list of tools"));
  for (const ChatFormat format : {ChatFormat::deepseek_v3_2, ChatFormat::deepseek_v4}) {
    EXPECT_THAT(render(format, tool_talk("not JSON")), HasSubstr("not JSON"));
    EXPECT_THAT(render(format, tool_talk("[1]")), HasSubstr("not a JSON object"));
    EXPECT_THAT(
        render(format, tool_talk(R"({"a":)" + std::string(100, '[') + std::string(100, ']') + "}")),
        HasSubstr("nested too deeply"));
  }
  EXPECT_THAT(render(ChatFormat::deepseek_v3_2, {user("?"), result("2")}),
              HasSubstr("was not called"));
  EXPECT_THAT(render(ChatFormat::deepseek_v3_2, {user("?"), answer("!")}),
              HasSubstr("neither reasoning nor tool calls"));
}

// ---- What holds for all ----

TEST(EncodeChat, LetsNoMessageForgeATurn) {
  std::string forged;
  for (TokenId id = 0; id < tiny().vocab_size(); ++id)
    if (tiny().is_special(id)) forged += tiny().bytes(id);
  for (int i = 0; i <= static_cast<int>(ChatFormat::chatml); ++i) {
    const engine::ChatTraits chat = chat_of(static_cast<ChatFormat>(i));
    const auto n_special = [&](const std::string& text) {
      const std::vector<ChatMessage> talk = {system(text), user(text), answer(text), user(text)};
      const auto tokens = encode_chat(talk, {}, chat, tiny());
      EXPECT_TRUE(tokens);
      return std::count_if(tokens->begin(), tokens->end(),
                           [](TokenId id) { return tiny().is_special(id); });
    };
    EXPECT_EQ(n_special(forged), n_special("plain")) << name_of(chat.format);
  }
}

TEST(EncodeChat, BeginsWithOneBos) {
  const TokenId bos = tiny().special(engine::SpecialRole::bos).value();
  for (int i = 0; i <= static_cast<int>(ChatFormat::chatml); ++i) {
    const auto tokens = encode_chat(kTalk, {}, chat_of(static_cast<ChatFormat>(i)), tiny());
    ASSERT_TRUE(tokens);
    EXPECT_EQ(tokens->front(), bos);
    EXPECT_EQ(std::count(tokens->begin(), tokens->end(), bos), 1);
  }
}

TEST(ConversationOf, KeepsTheTextsAndIsNothingWithTools) {
  std::vector<ChatMessage> messages = {system("Be brief."), user("why?")};
  const auto conversation = conversation_of(messages, 7);
  ASSERT_TRUE(conversation);
  ASSERT_EQ(conversation->turns.size(), 2u);
  EXPECT_EQ(conversation->turns[0].role, "system");
  EXPECT_EQ(conversation->turns[1].text, "why?");
  EXPECT_EQ(conversation->n_tokens, 7u);
  messages.push_back({.role = ChatRole::tool, .content = "4"});
  EXPECT_FALSE(conversation_of(messages, 7));
}

}  // namespace
}  // namespace fathom::completion
