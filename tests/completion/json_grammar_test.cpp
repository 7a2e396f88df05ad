// What a JSON text may be by its schema, byte by byte.

#include "completion/json_grammar.h"

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "completion/json_schema.h"

namespace fathom::completion {
namespace {

using ::testing::HasSubstr;

JsonGrammar grammar_of(std::string_view schema) {
  Result<JsonSchema> compiled = JsonSchema::compile(schema);
  EXPECT_TRUE(compiled) << schema << ": " << (compiled ? "" : compiled.error().message);
  return JsonGrammar(std::make_shared<const JsonSchema>(compiled ? std::move(*compiled)
                                                                 : *JsonSchema::compile("true")));
}

/// "whole", "begun", or "wrong at N", the first byte that is not allowed.
std::string check(std::string_view schema, std::string_view text) {
  JsonGrammar grammar = grammar_of(schema);
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view byte = text.substr(i, 1);
    if (!grammar.allows(byte)) return "wrong at " + std::to_string(i);
    grammar.accept(byte);
  }
  EXPECT_TRUE(grammar_of(schema).allows(text)) << "token by token as byte by byte: " << text;
  return grammar.finished() ? "whole" : "begun";
}

std::string error_of(std::string_view schema) {
  const Result<JsonSchema> compiled = JsonSchema::compile(schema);
  return compiled ? "" : compiled.error().message;
}

constexpr std::string_view kPoint = R"({"type": "object", "additionalProperties": false,
    "properties": {"y": {"type": "integer"}, "x": {"type": "number"}, "name": {"type": "string"}},
    "required": ["y", "x"]})";

TEST(JsonGrammar, TakesKeysInTheSchemasOrderAndNoOthers) {
  EXPECT_EQ(check(kPoint, R"({"y": 1, "x": 2.5, "name": "a"})"), "whole");
  EXPECT_EQ(check(kPoint, R"({"y":1,"x":-2e3})"), "whole");
  EXPECT_EQ(check(kPoint, "{\n  \"y\": 1,\n  \"x\": 0\n}"), "whole");
  EXPECT_EQ(check(kPoint, R"({"x)"), "wrong at 2");
  EXPECT_EQ(check(kPoint, R"({"y":1})"), "wrong at 6");
  EXPECT_EQ(check(kPoint, R"({"y":1,"x":1,"z)"), "wrong at 14");
  EXPECT_EQ(check(kPoint, R"({"y":1,"x":1,})"), "wrong at 13");
  EXPECT_EQ(check(kPoint, R"({"y":1.5)"), "wrong at 6");
  EXPECT_EQ(check(kPoint, R"({"y":1,"x":1} )"), "wrong at 13");
}

TEST(JsonGrammar, MaySkipWhatIsNotRequired) {
  constexpr std::string_view kSchema = R"({"properties": {"a": {"type": "null"},
      "ab": {"type": "null"}, "b": {"type": "null"}}, "required": ["ab"]})";
  EXPECT_EQ(check(kSchema, R"({"ab":null})"), "whole");
  EXPECT_EQ(check(kSchema, R"({"a":null,"ab":null,"b":null})"), "whole");
  EXPECT_EQ(check(kSchema, R"({"a":null,"b)"), "wrong at 11");
  EXPECT_EQ(check(kSchema, R"({"ab":null,"a)"), "wrong at 12");
}

TEST(JsonGrammar, KeepsCounts) {
  constexpr std::string_view kList =
      R"({"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2})";
  EXPECT_EQ(check(kList, "[]"), "wrong at 1");
  EXPECT_EQ(check(kList, "[ true ]"), "whole");
  EXPECT_EQ(check(kList, "[true,false]"), "whole");
  EXPECT_EQ(check(kList, "[true,false,"), "wrong at 11");
  constexpr std::string_view kText = R"({"type": "string", "minLength": 2, "maxLength": 3})";
  EXPECT_EQ(check(kText, "\"a\""), "wrong at 2");
  EXPECT_EQ(check(kText, "\"\\n\xc3\xa4\\u00e4\""), "whole");
  EXPECT_EQ(check(kText, "\"abcd"), "wrong at 4");
}

TEST(JsonGrammar, KeepsIntegersWithinTheirBounds) {
  constexpr std::string_view kSchema =
      R"({"type": "array", "items": {"type": "integer", "minimum": 5, "maximum": 120}})";
  for (const char* good : {"[5]", "[9]", "[10]", "[120]", "[99]"})
    EXPECT_EQ(check(kSchema, good), "whole") << good;
  EXPECT_EQ(check(kSchema, "[4]"), "wrong at 2");  // 40 would be in the bounds
  EXPECT_EQ(check(kSchema, "[121"), "wrong at 3");
  EXPECT_EQ(check(kSchema, "[0"), "wrong at 1");
  EXPECT_EQ(check(kSchema, "[-"), "wrong at 1");
  constexpr std::string_view kNegative =
      R"({"type": "array", "items": {"type": "integer", "exclusiveMaximum": -8}})";
  EXPECT_EQ(check(kNegative, "[-9,-10]"), "whole");
  EXPECT_EQ(check(kNegative, "[-8]"), "wrong at 3");
  EXPECT_EQ(check(kNegative, "[7"), "wrong at 1");
}

TEST(JsonGrammar, TakesOneOfTheListedValues) {
  constexpr std::string_view kSchema =
      R"({"type": "array", "items": {"enum": ["a", "ab", 1, 12]}})";
  EXPECT_EQ(check(kSchema, R"(["a","ab",1,12, 1 ])"), "whole");
  EXPECT_EQ(check(kSchema, R"(["b)"), "wrong at 2");
  EXPECT_EQ(check(kSchema, R"([13)"), "wrong at 2");
  EXPECT_EQ(check(R"({"const": "x"})", R"("x")"), "whole");
  EXPECT_EQ(check(R"({"type": ["string", "null"], "maxLength": 1})", "null"), "whole");
  EXPECT_EQ(check(R"({"enum": ["a", 1], "type": "string"})", "1"), "wrong at 0");
}

TEST(JsonGrammar, FollowsAlternativesSideBySideUntilTheyDiffer) {
  constexpr std::string_view kSchema = R"({"anyOf": [
      {"properties": {"kind": {"const": "a"}, "n": {"type": "integer"}}, "required": ["kind", "n"]},
      {"properties": {"kind": {"const": "b"}, "s": {"type": "string"}}, "required": ["kind", "s"]},
      {"type": "null"}]})";
  EXPECT_EQ(check(kSchema, R"({"kind":"a","n":1})"), "whole");
  EXPECT_EQ(check(kSchema, R"({"kind":"b","s":"x"})"), "whole");
  EXPECT_EQ(check(kSchema, R"({"kind":"b","n)"), "wrong at 13");
  EXPECT_EQ(check(kSchema, "null"), "whole");
}

TEST(JsonGrammar, FollowsReferencesThatGoInACircle) {
  constexpr std::string_view kTree =
      R"({"$ref": "#/$defs/Node", "$defs": {"Node": {"type": "object",
      "properties": {"value": {"type": "integer"},
                     "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}},
      "required": ["value", "next"]}}})";
  EXPECT_EQ(check(kTree, R"({"value":1,"next":{"value":2,"next":null}})"), "whole");
  std::string deep;
  for (int i = 0; i < JsonSchema::kMaxDepth - 1; ++i) deep += R"({"value":1,"next":)";
  EXPECT_EQ(check(kTree, deep + "null"), "begun");
  EXPECT_EQ(check(kTree, deep + "{"), "wrong at " + std::to_string(deep.size()));
}

TEST(JsonGrammar, TakesAnyJsonWhereTheSchemaSaysNothing) {
  constexpr std::string_view kText =
      R"({"a": [1, -0.5e+3, "x", null, {"b": {}, "c": []}], "": true} )";
  EXPECT_EQ(check(R"({"type": "object"})", kText.substr(0, kText.size() - 1)), "whole");
  EXPECT_EQ(check(R"({"type": "object"})", "[1]"), "wrong at 0");
  EXPECT_EQ(check("true", "[1]"), "whole");
  EXPECT_EQ(check("{}", "12"), "begun");  // more digits may follow
  EXPECT_EQ(check("{}", "12 "), "whole");
  EXPECT_EQ(check(R"({"additionalProperties": {"type": "integer"}, "type": "object"})",
                  R"({"any": 1, "key": "x)"),
            "wrong at 18");
  for (const char* wrong :
       {"01", "1.", "-", "1e", "+1", ".5", "tru", "\"\x01", "\"\\x", "{,", "[,"})
    EXPECT_NE(check("{}", std::string(wrong) + " "), "whole") << wrong;
}

TEST(JsonGrammar, EndsRunsOfBlanks) {
  EXPECT_THAT(check("{}", "[" + std::string(100, ' ')), HasSubstr("wrong at"));
}

TEST(JsonSchema, NamesThePlaceOfWhatItDoesNotSupport) {
  EXPECT_THAT(error_of(R"({"properties": {"a": {"type": "string", "pattern": "x"}}})"),
              HasSubstr("#/properties/a: `pattern`"));
  EXPECT_THAT(error_of(R"({"items": {"oneOf": []}})"), HasSubstr("#/items: `oneOf`"));
  EXPECT_THAT(error_of(R"({"type": "number", "minimum": 1})"), HasSubstr("integers only"));
  EXPECT_THAT(error_of(R"({"$ref": "http://example.com"})"), HasSubstr("http://example.com"));
  EXPECT_THAT(error_of(R"({"$ref": "#/$defs/x"})"), HasSubstr("#/$defs/x"));
  EXPECT_THAT(error_of(R"({"properties": {}, "required": ["a"]})"), HasSubstr("required"));
  EXPECT_THAT(error_of(R"({"type": "integer", "minimum": 3, "maximum": 2})"), HasSubstr("bounds"));
  EXPECT_THAT(error_of(R"({"type": "array", "minItems": 3, "maxItems": 2})"), HasSubstr("least"));
  EXPECT_THAT(error_of(R"({"type": "strong"})"), HasSubstr("JSON's types"));
  EXPECT_THAT(error_of(R"({"enum": [1], "type": "string"})"), HasSubstr("of this type"));
  for (const char* schema : {"", "5", "[", R"({"type": []})", R"({"anyOf": []})", R"({"enum": []})",
                             R"({"properties": 5})", R"({"items": [{}]})", R"({"$ref": 5})"})
    EXPECT_NE(error_of(schema), "") << schema;
}

TEST(JsonSchema, RefusesWhatNeverEndsOrIsTooLarge) {
  EXPECT_THAT(error_of(R"({"$ref": "#"})"), HasSubstr("without end"));
  EXPECT_THAT(error_of(R"({"properties": {"a": {"$ref": "#"}}, "required": ["a"]})"),
              HasSubstr("without end"));
  EXPECT_EQ(error_of(R"({"properties": {"a": {"$ref": "#"}}})"), "");
  EXPECT_NE(error_of(std::string(JsonSchema::kMaxBytes + 1, ' ')), "");
  std::string chain = R"({"$ref": "#/$defs/0", "$defs": {)";
  for (int i = 0; i < 1000; ++i)
    chain += fmt::format(R"("{}": {{"$ref": "#/$defs/{}"}}, )", i, i + 1);
  EXPECT_THAT(error_of(chain + R"("1000": true}})"), HasSubstr("too deeply"));
  std::string many = R"({"properties": {)";
  for (int i = 0; i < 64; ++i) many += fmt::format(R"("{}": true, )", i);
  EXPECT_THAT(error_of(many + R"("64": true}})"), HasSubstr("properties"));
}

/// Some byte is always allowed, whatever was written, and what comes out is JSON.
TEST(JsonGrammar, CanAlwaysGoOnAndWritesJson) {
  std::mt19937 random(7);
  for (const std::string_view schema :
       {kPoint, std::string_view("true"),
        std::string_view(R"({"type": "array", "minItems": 2, "items": {"anyOf": [{"$ref": "#"},
            {"type": "integer", "minimum": -3, "maximum": 40}, {"enum": ["a", "aa", null]}]}})")}) {
    for (int run = 0; run < 50; ++run) {
      JsonGrammar grammar = grammar_of(schema);
      std::string text;
      while (!grammar.finished()) {
        std::string allowed;
        for (int byte = 0; byte < 256; ++byte)
          if (grammar.allows(std::string(1, char(byte)))) allowed += char(byte);
        ASSERT_FALSE(allowed.empty()) << schema << " " << text;
        // What closes comes soon, so that the text ends.
        const size_t closing = allowed.find_first_of("]}\"");
        const bool closes = closing != std::string::npos && random() % 3 != 0;
        text += closes ? allowed[closing] : allowed[random() % allowed.size()];
        grammar.accept(std::string_view(text).substr(text.size() - 1));
        ASSERT_LT(text.size(), 100'000u);
      }
      EXPECT_FALSE(nlohmann::json::parse(text, nullptr, false).is_discarded()) << text;
    }
  }
}

}  // namespace
}  // namespace fathom::completion
