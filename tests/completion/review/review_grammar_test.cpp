#include "completion/review/review_grammar.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "completion/json_grammar.h"
#include "completion/json_schema.h"

namespace fathom::completion {
namespace {

constexpr std::string_view kFinding =
    R"({"line":12,"quote":"a\n\"b\"","message":"wrong","category":"bug","severity":"error",)"
    R"("replacement":null})";

/// Whether the whole text is allowed and is a complete review.
bool is_review(std::string_view text, int max_findings = 3) {
  ReviewGrammar grammar(max_findings);
  if (!grammar.allows(text)) return false;
  grammar.accept(text);
  return grammar.finished();
}

std::string list_of(std::string_view findings) {
  return "{\"findings\":[" + std::string(findings) + "]}";
}

/// A review with something else in the place of `part`.
std::string with(std::string_view part, std::string_view replacement) {
  std::string finding(kFinding);
  finding.replace(finding.find(part), part.size(), replacement);
  return list_of(finding);
}

TEST(ReviewGrammar, AllowsReviews) {
  const std::string finding(kFinding);
  EXPECT_TRUE(is_review(list_of("")));
  EXPECT_TRUE(is_review(list_of(finding)));
  EXPECT_TRUE(is_review(list_of(finding + "," + finding)));
  EXPECT_TRUE(is_review("{ \"findings\": [\n  ]\n}"));
  EXPECT_TRUE(is_review(with("null", R"("x = 1;\n\ty = \u00e9;")")));
  EXPECT_TRUE(is_review(with("null", "\"\"")));
  EXPECT_TRUE(is_review(with("wrong", "na\xc3\xafve \xf0\x9f\x98\x80")));
}

TEST(ReviewGrammar, IsAboutWhatItsSchemaSays) {
  const auto schema = JsonSchema::compile(ReviewGrammar(2).json_schema());
  ASSERT_TRUE(schema) << schema.error().message;
  const JsonGrammar grammar(std::make_shared<const JsonSchema>(*schema));
  const std::string finding(kFinding);
  for (const std::string& text : {list_of(""), list_of(finding), list_of(finding + "," + finding),
                                  with("null", R"("x = 1;")")})
    EXPECT_TRUE(grammar.allows(text)) << text;
  for (const std::string& text :
       {list_of(finding + "," + finding + "," + finding), with("bug", "bugs"), with("12", "0"),
        with("error", "fatal"), with("wrong", ""), with("null", "7")})
    EXPECT_FALSE(grammar.allows(text)) << text;
}

TEST(ReviewGrammar, NamesInItsSchemaWhatCanBeQuoted) {
  const std::vector<ShownLine> shown = {{.number = 1, .text = "a\"b", .is_added = true}};
  const ReviewGrammar grammar(2, std::make_shared<const QuotableLines>(shown, 600));
  EXPECT_NE(grammar.json_schema().find(R"("quote":{"enum":["a\"b"]})"), std::string::npos);
  EXPECT_TRUE(JsonSchema::compile(grammar.json_schema()));
}

TEST(ReviewGrammar, RefusesEverythingElse) {
  const std::string finding(kFinding);
  EXPECT_FALSE(is_review(""));
  EXPECT_FALSE(is_review("[]"));
  EXPECT_FALSE(is_review(list_of("") + " "));
  EXPECT_FALSE(is_review(list_of(finding + ",")));
  EXPECT_FALSE(is_review(list_of(finding + "," + finding), 1)) << "too many";
  EXPECT_FALSE(is_review(with("bug", "bugs")));
  EXPECT_FALSE(is_review(with("bug", "")));
  EXPECT_FALSE(is_review(with("error", "fatal")));
  EXPECT_FALSE(is_review(with("bug", "secret"))) << "only rules find them";
  EXPECT_FALSE(is_review(with("12", "0")));
  EXPECT_FALSE(is_review(with("12", "-1")));
  EXPECT_FALSE(is_review(with("12", "12345678")));
  EXPECT_FALSE(is_review(with("wrong", ""))) << "says nothing";
  EXPECT_FALSE(is_review(with("wrong", "a\nb"))) << "a line feed must be escaped";
  EXPECT_FALSE(is_review(with("wrong", "\\x41")));
  EXPECT_FALSE(is_review(with("wrong", "\\ud800"))) << "half a character";
  EXPECT_FALSE(is_review(with("wrong", "\xc3(")));
  EXPECT_FALSE(is_review(with("wrong", "\xc0\xaf"))) << "overlong";
  EXPECT_FALSE(is_review(with("wrong", "\xed\xa0\x80"))) << "a surrogate";
  EXPECT_FALSE(is_review(with("null", "nil")));
}

TEST(ReviewGrammar, EndsStringsThatGrowTooLong) {
  const auto fits = [](size_t n) { return is_review(with("wrong", std::string(n, 'x'))); };
  EXPECT_TRUE(fits(ReviewGrammar::kMaxMessageBytes));
  EXPECT_FALSE(fits(ReviewGrammar::kMaxMessageBytes + 1));
}

TEST(ReviewGrammar, KnowsWhereItIs) {
  using Place = ReviewGrammar::Place;
  ReviewGrammar grammar(2);
  const auto place_after = [&](std::string_view text) {
    grammar.accept(text);
    return grammar.place();
  };
  EXPECT_EQ(place_after("{\"findings\":["), Place::between);
  EXPECT_EQ(place_after("{\"line\":12,\"quote\":\"a"), Place::where);
  EXPECT_EQ(place_after("\""), Place::what);
  EXPECT_EQ(place_after(",\"message\":\"m\",\"category\":\"bug\",\"severity\":\"note\","),
            Place::replacement);
  EXPECT_EQ(place_after("\"replacement\":null"), Place::replacement);
  EXPECT_EQ(place_after("}"), Place::between);
}

TEST(ReviewGrammar, BindsQuotesToWhatThereIsToQuote) {
  const ShownLine lines[] = {{.number = 7, .text = "  f(\"x\");", .is_added = true}};
  const auto is_quote = [&](std::string_view quote) {
    ReviewGrammar grammar(1, std::make_shared<const QuotableLines>(lines, 600));
    return grammar.allows(with("a\\n\\\"b\\\"", quote));
  };
  EXPECT_TRUE(is_quote(R"(  f(\"x\");)"));
  EXPECT_TRUE(is_quote(R"(f(\"x\");)"));
  EXPECT_FALSE(is_quote(R"(f(\"x)"));
  EXPECT_FALSE(is_quote(R"(g();)"));
  ReviewGrammar nothing(3, std::make_shared<const QuotableLines>(std::span<ShownLine>(), 600));
  EXPECT_TRUE(nothing.allows(list_of("")));
  EXPECT_FALSE(nothing.allows("{\"findings\":[{"));
}

// Whatever is written byte by byte, as long as each is allowed, ends, and is JSON.
TEST(ReviewGrammar, LeadsEveryWriterToValidJson) {
  const ShownLine lines[] = {{.number = 1, .text = "a\\\"\xc3\xa9", .is_added = true},
                             {.number = 2, .text = "\tab\x01", .is_added = true}};
  const auto quotable = std::make_shared<const QuotableLines>(lines, 600);
  std::mt19937 random(7);
  const std::string_view likely = "\"\\}],{: unlfaetr0129\xc3\xa9\xf0\x9f\x98\x80";
  for (int run = 0; run < 200; ++run) {
    ReviewGrammar grammar(2, run % 2 == 0 ? nullptr : quotable);
    std::string text;
    while (!grammar.finished()) {
      ASSERT_LT(text.size(), 20000u) << text;
      std::string next(1, likely[random() % likely.size()]);
      const size_t first = random() % 256;
      for (size_t i = 0; !grammar.allows(next); ++i) {
        ASSERT_LT(i, 256u) << "nothing may follow: " << text;
        next[0] = static_cast<char>((first + i) % 256);
      }
      grammar.accept(next);
      text += next;
    }
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    ASSERT_FALSE(json.is_discarded()) << text;
    ASSERT_LE(json["findings"].size(), 2u);
  }
}

}  // namespace
}  // namespace fathom::completion
