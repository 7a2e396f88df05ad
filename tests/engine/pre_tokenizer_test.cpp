#include "engine/tokenizer/pre_tokenizer.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/tokenizer/gguf_pre_tokenizers.h"

namespace fathom::engine {
namespace {

using ::testing::ElementsAre;
using Pieces = std::vector<std::string>;

Pieces pieces_of(const PreTokenizer& pre_tokenizer, std::string_view text) {
  Pieces pieces;
  pre_tokenizer.split(text, [&](std::string_view piece) { pieces.emplace_back(piece); });
  return pieces;
}

Split split(const std::string& pattern, SplitBehavior behavior = SplitBehavior::isolated,
            bool invert = false) {
  auto regex = Regex::compile(pattern);
  EXPECT_TRUE(regex) << regex.error().message;
  return {*regex, behavior, invert};
}

PreTokenizer one(const std::string& pattern, SplitBehavior behavior, bool invert = false) {
  return PreTokenizer({split(pattern, behavior, invert)});
}

// The behaviours and their results are those of the documentation of Hugging Face's
// SplitDelimiterBehavior, whose example is "the-final--countdown" split at "-".
constexpr std::string_view kExample = "the-final--countdown";

TEST(PreTokenizer, IsolatesMatches) {
  EXPECT_THAT(pieces_of(one("-", SplitBehavior::isolated), kExample),
              ElementsAre("the", "-", "final", "-", "-", "countdown"));
}

TEST(PreTokenizer, MergesMatchesWithThePrevious) {
  EXPECT_THAT(pieces_of(one("-", SplitBehavior::merged_with_previous), kExample),
              ElementsAre("the-", "final-", "-", "countdown"));
}

TEST(PreTokenizer, MergesMatchesWithTheNext) {
  EXPECT_THAT(pieces_of(one("-", SplitBehavior::merged_with_next), kExample),
              ElementsAre("the", "-final", "-", "-countdown"));
}

TEST(PreTokenizer, JoinsContiguousMatches) {
  EXPECT_THAT(pieces_of(one("-", SplitBehavior::contiguous), kExample),
              ElementsAre("the", "-", "final", "--", "countdown"));
}

TEST(PreTokenizer, TakesTheRestForTheMatchWhenInverted) {
  EXPECT_THAT(pieces_of(one("-", SplitBehavior::merged_with_previous, true), "a-b"),
              ElementsAre("a", "-b"));
}

TEST(PreTokenizer, AppliesEachSplitToThePiecesOfTheOneBefore) {
  const PreTokenizer pre_tokenizer({split("\\p{N}"), split("^a")});
  EXPECT_THAT(pieces_of(pre_tokenizer, "aa1ab"), ElementsAre("a", "a", "1", "a", "b"));
}

TEST(PreTokenizer, LeavesOutEmptyMatches) {
  EXPECT_THAT(pieces_of(one("x*", SplitBehavior::isolated), "a\xc3\xb6xxb"),
              ElementsAre("a\xc3\xb6", "xx", "b"));
  EXPECT_THAT(pieces_of(one("x*", SplitBehavior::isolated), ""), ElementsAre());
}

TEST(PreTokenizer, MakesEachByteThatIsNotUtf8APiece) {
  EXPECT_THAT(pieces_of(one("[a-z]+", SplitBehavior::isolated),
                        "ab\xff\xfe"
                        "c\xe2\x96"),
              ElementsAre("ab", "\xff", "\xfe", "c", "\xe2", "\x96"));
}

TEST(PreTokenizer, KnowsUnicodeClasses) {
  // U+0085 and U+3000 are space to \s; a superscript two is a number; folding reaches the long s.
  EXPECT_THAT(pieces_of(one("\\s", SplitBehavior::isolated),
                        "a\xc2\x85\xe3\x80\x80"
                        "b"),
              ElementsAre("a", "\xc2\x85", "\xe3\x80\x80", "b"));
  EXPECT_THAT(pieces_of(one("\\p{N}", SplitBehavior::isolated), "x\xc2\xb2"),
              ElementsAre("x", "\xc2\xb2"));
  EXPECT_THAT(pieces_of(one("(?i:'s)", SplitBehavior::isolated), "it'\xc5\xbf"),
              ElementsAre("it", "'\xc5\xbf"));
}

TEST(PreTokenizer, FindsTrailingSpaceAsTheUnchangedPatternWould) {
  const PreTokenizer linear = one("\\s+$", SplitBehavior::isolated);
  const PreTokenizer plain = one("(?:\\s+$)", SplitBehavior::isolated);
  for (const char* text : {"", " ", "a ", "a  b  ", " a\n b ", "  \n  x", "\n\n", "x  \n", "   x"})
    EXPECT_EQ(pieces_of(linear, text), pieces_of(plain, text)) << text;
}

TEST(PreTokenizer, SplitsCodeAsDeepSeekV3) {
  const auto named = make_gguf_pre_tokenizer("deepseek-v3");
  ASSERT_TRUE(named) << named.error().message;
  EXPECT_THAT(pieces_of(named->pre_tokenizer, "x.size() == 1234;\n\n  y"),
              ElementsAre("x", ".size", "()", " ==", " ", "123", "4", ";\n\n", " ", " y"));
}

TEST(PreTokenizer, RefusesNamesAndPatternsItDoesNotKnow) {
  EXPECT_EQ(make_gguf_pre_tokenizer("viking").error().code, ErrorCode::unsupported);
  EXPECT_EQ(Regex::compile("(").error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace fathom::engine
