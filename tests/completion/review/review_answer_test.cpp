#include "completion/review/review_answer.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

constexpr std::string_view kClaim =
    R"json({"line":3,"quote":"if (a = b)","message":" assigns\n  a ","category":"bug",)json"
    R"json("severity":"error","replacement":"if (a == b)"})json";

std::string with_claims(std::string_view claims) {
  return "{\"findings\":[" + std::string(claims) + "]}";
}

/// Feeds bytes one by one, each a token of that log-probability.
bool feed(AnswerReader& reader, std::string_view text, float logprob = -0.5f) {
  for (const char byte : text)
    if (!reader.feed(std::string_view(&byte, 1), logprob)) return false;
  return true;
}

TEST(AnswerReader, ReadsClaims) {
  AnswerReader reader(4);
  EXPECT_TRUE(feed(reader, with_claims(kClaim)));
  EXPECT_TRUE(reader.is_complete());
  ASSERT_EQ(reader.claims().size(), 1u);
  const Claim& claim = reader.claims()[0];
  EXPECT_EQ(claim.line, 3);
  EXPECT_EQ(claim.quote, "if (a = b)");
  EXPECT_EQ(claim.message, "assigns a") << "one paragraph";
  EXPECT_EQ(claim.category, "bug");
  EXPECT_EQ(claim.severity, Severity::error);
  EXPECT_EQ(claim.replacement, "if (a == b)");
  EXPECT_NEAR(claim.confidence, std::exp(-0.5), 1e-6);
}

TEST(AnswerReader, ReadsNoReplacementAndNoClaims) {
  std::string claim(kClaim);
  claim.replace(claim.find("\"if (a == b)\""), 13, "null");
  AnswerReader one(4);
  EXPECT_TRUE(feed(one, with_claims(claim)));
  ASSERT_EQ(one.claims().size(), 1u);
  EXPECT_FALSE(one.claims()[0].replacement);

  AnswerReader none(4);
  EXPECT_TRUE(feed(none, with_claims("")));
  EXPECT_TRUE(none.is_complete());
  EXPECT_TRUE(none.claims().empty());
}

TEST(AnswerReader, KeepsTheClaimsThatAreCompleteWhenTheAnswerBreaksOff) {
  const std::string text = with_claims(std::string(kClaim) + "," + std::string(kClaim));
  AnswerReader reader(4);
  EXPECT_TRUE(feed(reader, std::string_view(text).substr(0, text.size() - 5)));
  EXPECT_FALSE(reader.is_complete());
  EXPECT_EQ(reader.claims().size(), 1u);
}

TEST(AnswerReader, StopsReadingWhereTheFormIsLeft) {
  AnswerReader reader(4);
  EXPECT_FALSE(feed(reader, with_claims(std::string(kClaim) + "; and then")));
  EXPECT_FALSE(feed(reader, "]}"));
  EXPECT_FALSE(reader.is_complete());
  EXPECT_EQ(reader.claims().size(), 1u);
}

TEST(AnswerReader, IsAsConfidentAsTheModelWasOfItsClaimNotOfTheReplacement) {
  const size_t at = kClaim.find("\"replacement");
  AnswerReader reader(4);
  feed(reader, "{\"findings\":[", -9.0f);
  feed(reader, kClaim.substr(0, at), -0.25f);
  EXPECT_FALSE(reader.is_below(0.77));
  EXPECT_TRUE(reader.is_below(0.78)) << "exp(-0.25)";
  feed(reader, kClaim.substr(at), -9.0f);
  ASSERT_EQ(reader.claims().size(), 1u);
  EXPECT_NEAR(reader.claims()[0].confidence, std::exp(-0.25), 1e-6);
}

TEST(AnswerReader, DoubtsFromTheEndOfTheQuoteOnAreNotMadeUpFor) {
  const size_t quote_end = kClaim.find(",\"message");
  AnswerReader reader(4);
  feed(reader, "{\"findings\":[");
  feed(reader, kClaim.substr(0, quote_end - 1), -2.0f);
  EXPECT_FALSE(reader.is_below(0.9)) << "the quote may go on";
  feed(reader, kClaim.substr(quote_end - 1, 1), -2.0f);
  EXPECT_TRUE(reader.is_below(0.14)) << "exp(-2)";
  EXPECT_FALSE(reader.is_below(0.13));
  feed(reader, kClaim.substr(quote_end), -0.001f);
  feed(reader, "," + std::string(kClaim), -0.001f);
  ASSERT_EQ(reader.claims().size(), 2u);
  EXPECT_NEAR(reader.claims()[0].confidence, std::exp(-2), 1e-3);
  EXPECT_NEAR(reader.claims()[1].confidence, 1, 0.01) << "the next one is another one";
}

}  // namespace
}  // namespace fathom::completion
