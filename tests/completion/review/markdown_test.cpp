#include "completion/review/markdown.h"

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

constexpr size_t kMax = 1000;
const std::string kGap = "\xe2\x80\x8b";

TEST(Markdown, MarkupOfStrangersIsText) {
  EXPECT_EQ(markdown_text("<img src=x>", kMax), "\\<img src=x\\>");
  EXPECT_EQ(markdown_text("[a](b) ![c](d)", kMax), "\\[a\\]\\(b\\) \\!\\[c\\]\\(d\\)");
  EXPECT_EQ(markdown_text("`a` *b* _c_", kMax), "\\`a\\` \\*b\\* \\_c\\_");
  EXPECT_EQ(markdown_text("<!-- fathom:00 -->", kMax), "\\<\\!\\-\\- fathom:00 \\-\\-\\>");
}

TEST(Markdown, NobodyAndNothingIsMentioned) {
  EXPECT_EQ(markdown_text("@all", kMax), "\\@" + kGap + "all");
  EXPECT_EQ(markdown_text("#1 !2", kMax), "\\#" + kGap + "1 \\!" + kGap + "2");
  EXPECT_EQ(markdown_text("https://x.y www.x", kMax), "https:" + kGap + "//x.y www." + kGap + "x");
}

TEST(Markdown, TextIsOneParagraphSoThatNoLineIsACommand) {
  EXPECT_EQ(markdown_text("a\n/close\n", kMax), "a /close ");
}

TEST(Markdown, LongTextIsCutBetweenCharacters) {
  EXPECT_EQ(markdown_text("ab\xc3\xbc"
                          "cd",
                          3),
            "ab ...");
}

TEST(Markdown, InertTextReadsTheSameAndDoesNothing) {
  EXPECT_EQ(inert_text("if (*p < 3) `a_b`\n/close"), "if (*p < 3) `a_b` /close");
  EXPECT_EQ(inert_text("<b> [a](b) @all #1"),
            "<" + kGap + "b> [a]" + kGap + "(b) @" + kGap + "all #" + kGap + "1");
}

TEST(Markdown, CodeHoldsAnyBackticks) {
  EXPECT_EQ(markdown_code("a"), "`a`");
  EXPECT_EQ(markdown_code("`a``"), "``` `a`` ```");
}

TEST(Markdown, AFenceIsLongerThanAnythingInIt) {
  EXPECT_EQ(markdown_fence("suggestion", "a\n"), "```suggestion\na\n```");
  EXPECT_EQ(markdown_fence("suggestion", "````\n"), "`````suggestion\n````\n`````");
}

TEST(Markdown, AnEmptyLineAndNoLineDiffer) {
  EXPECT_EQ(markdown_fence("suggestion", ""), "```suggestion\n```");
  EXPECT_EQ(markdown_fence("suggestion", "\n"), "```suggestion\n\n```");
}

}  // namespace
}  // namespace fathom::completion
