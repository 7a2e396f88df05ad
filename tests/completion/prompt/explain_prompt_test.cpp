#include "completion/prompt/explain_prompt.h"

#include <string>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

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

}  // namespace
}  // namespace fathom::completion
