#include "completion/code_block.h"

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

TEST(CodeBlock, IsWhatStandsBetweenTheFences) {
  EXPECT_EQ(code_block("Here:\n```python\ndef f():\n    pass\n```\nDone."), "def f():\n    pass\n");
  EXPECT_EQ(code_block("~~~\na\r\nb\r\n~~~"), "a\nb\n");
}

TEST(CodeBlock, IsTheLongestOne) {
  EXPECT_EQ(code_block("```\na\n```\n```\nlonger\n```\n```\nb\n```\n"), "longer\n");
}

TEST(CodeBlock, MayHoldShorterFences) {
  EXPECT_EQ(code_block("````md\n```\na\n```\n````"), "```\na\n```\n");
  EXPECT_EQ(code_block("```\na ``` b\n```not the end\n```"), "a ``` b\n```not the end\n");
}

TEST(CodeBlock, IsNothingWithoutFencesOrWithoutAnEnd) {
  EXPECT_EQ(code_block(""), std::nullopt);
  EXPECT_EQ(code_block("return a;"), std::nullopt);
  EXPECT_EQ(code_block("```\n```"), std::nullopt);
  EXPECT_EQ(code_block("```\na\n```\n```\nint main() {"), std::nullopt);
}

}  // namespace
}  // namespace fathom::completion
