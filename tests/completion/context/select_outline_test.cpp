#include "completion/context/select_outline.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/fake_generator.h"

namespace fathom::completion {
namespace {

using Kind = OutlineItem::Kind;

const std::vector<OutlineItem>& items() {
  static const std::vector<OutlineItem> all = {
      {.kind = Kind::import, .text = "import a\n"},
      {.kind = Kind::import, .text = "import b\n"},
      {.kind = Kind::declaration, .text = "far();\n"},
      {.kind = Kind::scope, .text = "class A {\n"},
      {.kind = Kind::declaration, .text = "middle();\n"},
      {.kind = Kind::declaration, .text = "near();\n"},
      {.kind = Kind::scope, .text = "void f() {\n"},
  };
  return all;
}

/// What fits into `max_tokens`, as text.
std::string select(int max_tokens) {
  const test::FakeGenerator generator;
  std::string text;
  int n_tokens = 0;
  for (const OutlineItem* item : select_outline(items(), generator.tokenizer(), max_tokens)) {
    text += item->text;
    n_tokens += static_cast<int>(generator.tokenizer().encode(item->text).size());
  }
  EXPECT_LE(n_tokens, max_tokens);
  return text;
}

TEST(SelectOutline, TakesEverythingInOrderIfItFits) {
  EXPECT_EQ(select(10000),
            "import a\nimport b\nfar();\nclass A {\nmiddle();\nnear();\nvoid f() {\n");
}

TEST(SelectOutline, TakesTheInnermostScopeFirst) {
  const test::FakeGenerator generator;
  const auto n = static_cast<int>(generator.tokenizer().encode("void f() {\n").size());
  EXPECT_EQ(select(n), "void f() {\n");
  EXPECT_EQ(select(n - 1).find("void f"), std::string::npos);
}

TEST(SelectOutline, PrefersNearDeclarationsToFarOnes) {
  for (int n = 0; n < 200; ++n) {
    const std::string text = select(n);
    if (text.find("far") != std::string::npos) {
      EXPECT_NE(text.find("middle"), std::string::npos);
    }
    if (text.find("middle") != std::string::npos) {
      EXPECT_NE(text.find("near"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace fathom::completion
