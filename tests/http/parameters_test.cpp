// The members of a request's body.

#include "http/parameters.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace fathom::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Parameters, RefuseWhatIsNoObject) {
  for (const char* body : {"", "[]", "1", "{", "nonsense", "\"a\""}) {
    EXPECT_FALSE(parse_body(body)) << body;
  }
  EXPECT_FALSE(parse_body("{\"a\":" + std::string(100000, '[')));
  EXPECT_TRUE(parse_body("{\"a\":[[1]]}"));
}

TEST(Parameters, HaveDefaultsWhereTheyAreMissingOrNull) {
  const Json body = {{"a", nullptr}};
  EXPECT_EQ(*integer_at(body, "a", 7, 0, 9), 7);
  EXPECT_EQ(*integer_at(body, "b", 7, 0, 9), 7);
  EXPECT_EQ(*number_at(body, "a", 0.5, 0, 1), 0.5);
  EXPECT_EQ(*flag_at(body, "a", true), true);
  EXPECT_EQ(*text_at(body, "a", "x"), "x");
  EXPECT_TRUE(stops_at(body)->empty());
}

TEST(Parameters, NameTheMemberThatIsWrong) {
  const Json body = Json::parse(
      R"({"i": 1.5, "large": 18446744073709551615, "n": "0.5", "f": 1, "t": 2, "stop": [1]})");
  const auto message = [](const auto& result) { return result.error().message; };
  EXPECT_THAT(message(integer_at(body, "i", 0, 0, 9)), HasSubstr("`i` must be an integer"));
  EXPECT_THAT(message(integer_at(body, "large", 0, -5, 9)), HasSubstr("from -5 to 9"));
  EXPECT_THAT(message(number_at(body, "n", 0, 0, 1)), HasSubstr("`n`"));
  EXPECT_THAT(message(flag_at(body, "f", false)), HasSubstr("true or false"));
  EXPECT_THAT(message(text_at(body, "t", "")), HasSubstr("a string"));
  EXPECT_THAT(message(stops_at(body)), HasSubstr("`stop`"));
}

TEST(Parameters, SampleGreedilyUnlessTheySayOtherwise) {
  EXPECT_EQ(sampling_at(Json::object())->over({}).temperature, 0);
  const Json body = {{"temperature", 0.5}, {"top_p", 0.9}, {"seed", -1}};
  const engine::SamplingParams sampling = sampling_at(body)->over({.temperature = 0.6f});
  EXPECT_FLOAT_EQ(sampling.temperature, 0.5f);
  EXPECT_FLOAT_EQ(sampling.top_p, 0.9f);
  EXPECT_FALSE(sampling_at({{"temperature", -1}}));
}

TEST(Parameters, LeaveToTheModelWhatTheyDoNotSayOfSampling) {
  const engine::SamplingParams sampling =
      sampling_at({{"top_p", 1}})->over({.temperature = 0.6f, .top_p = 0.95f});
  EXPECT_FLOAT_EQ(sampling.temperature, 0.6f);
  EXPECT_FLOAT_EQ(sampling.top_p, 1.0f);
}

TEST(Parameters, TakeOneStopStringOrSeveral) {
  EXPECT_THAT(*stops_at({{"stop", "a"}}), ElementsAre("a"));
  EXPECT_THAT(*stops_at({{"stop", {"a", "", "b"}}}), ElementsAre("a", "b"));
  EXPECT_FALSE(stops_at({{"stop", Json(std::vector<std::string>(17, "x"))}}));
}

TEST(Parameters, RefuseWishesThatCannotBeFulfilled) {
  EXPECT_TRUE(refuse({{"n", 1}, {"echo", false}, {"tools", Json::array()}},
                     {"n", "echo", "tools", "missing"}));
  EXPECT_FALSE(refuse({{"n", 2}}, {"n"}));
  EXPECT_FALSE(refuse({{"echo", true}}, {"echo"}));
  EXPECT_FALSE(refuse({{"tools", {1}}}, {"tools"}));
  EXPECT_FALSE(refuse({{"grammar", "x"}}, {"grammar"}));
}

}  // namespace
}  // namespace fathom::http
