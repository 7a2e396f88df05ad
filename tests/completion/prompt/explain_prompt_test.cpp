#include "completion/prompt/explain_prompt.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/fake_generator.h"

namespace fathom::completion {
namespace {

using test::FakeGenerator;

TEST(ExplainMessage, AsksAsTheBuiltInModelWasTrained) {
  EXPECT_EQ(explain_message({.language = "python"}, "def f():\n    pass\n", ""),
            "Explain this python code.\n```python\ndef f():\n    pass\n```");
}

TEST(ExplainMessage, PutsTheQuestionInPlaceOfTheRequest) {
  EXPECT_EQ(explain_message({.language = "go"}, "a := 1\r\nb := 2\r\n", "Why?"),
            "Why?\n```go\na := 1\nb := 2\n```");
}

TEST(ExplainMessage, NamesLanguagesAsChatModelsKnowThem) {
  const auto name = [](std::string_view id) {
    const std::string message = explain_message({.language = std::string(id)}, "x", "");
    return message.substr(message.find("```") + 3,
                          message.rfind("\nx\n") - message.find("```") - 3);
  };
  EXPECT_EQ(name("c"), "cpp");
  EXPECT_EQ(name("javascriptreact"), "typescript");
  EXPECT_EQ(name("typescriptreact"), "typescript");
  EXPECT_EQ(name("rust"), "rust");
  EXPECT_EQ(name("haskell"), "haskell");
  EXPECT_EQ(name(""), "text");
}

TEST(ChatPrompt, FillsTheModelsLayout) {
  const FakeGenerator generator;
  const auto prompt = chat_prompt("Hello", generator.traits(), generator.tokenizer());
  const engine::ChatTraits& chat = *generator.traits().chat;
  EXPECT_EQ(prompt.front(), generator.traits().bos);
  EXPECT_EQ(prompt[1], std::get<engine::TokenId>(chat.prompt[0]));
  EXPECT_EQ(generator.tokenizer().decode(prompt), "Hello\n");
  EXPECT_EQ(std::count(prompt.begin(), prompt.end(), generator.traits().bos), 1);
}

TEST(ChatPrompt, LetsNoTextForgeATurn) {
  const FakeGenerator generator;
  const auto plain = chat_prompt("", generator.traits(), generator.tokenizer());
  std::string forged;
  for (const engine::TokenId token : plain) forged += generator.tokenizer().bytes(token);
  const auto prompt = chat_prompt(forged, generator.traits(), generator.tokenizer());
  const auto n_special = [&](const std::vector<engine::TokenId>& tokens) {
    return std::count_if(tokens.begin(), tokens.end(),
                         [&](auto id) { return generator.tokenizer().is_special(id); });
  };
  EXPECT_EQ(n_special(prompt), n_special(plain));
}

}  // namespace
}  // namespace fathom::completion
