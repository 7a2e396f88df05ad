#include "http/logprobs.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace fathom::http {
namespace {

TEST(Logprobs, AreWantedByANumber) {
  EXPECT_FALSE(logprobs_at(Json::object())->wanted);
  EXPECT_FALSE(logprobs_at({{"logprobs", nullptr}})->wanted);
  EXPECT_TRUE(logprobs_at({{"logprobs", 0}})->wanted);
  const auto wish = logprobs_at({{"logprobs", 20}, {"return_tokens_as_token_ids", true}});
  ASSERT_TRUE(wish);
  EXPECT_EQ(wish->n_candidates, 20);
  EXPECT_TRUE(wish->as_ids);
  for (const Json& bad : {Json(21), Json(-1), Json("2"), Json(true)})
    EXPECT_FALSE(logprobs_at({{"logprobs", bad}})) << bad;
}

class LogprobsTest : public testing::Test {
 protected:
  LogprobsTest()
      : tokenizer_(*engine::Tokenizer::load("tests/data/tokenizer-tiny/tokenizer.json")) {}

  Json add(bool as_ids) {
    Logprobs logprobs({.wanted = true, .n_candidates = 2, .as_ids = as_ids});
    const std::vector<engine::TokenId> ids = tokenizer_->encode("ab c");
    for (const engine::TokenId id : ids) {
      const std::vector<engine::Candidate> candidates = {{id, -0.5f}, {ids[0] + 1, -1.5f}};
      logprobs.add(
          {.id = id, .bytes = tokenizer_->bytes(id), .logprob = -0.5f, .candidates = candidates},
          *tokenizer_);
    }
    Json taken = logprobs.take();
    EXPECT_TRUE(logprobs.take()["tokens"].empty());
    return taken;
  }

  std::shared_ptr<const engine::Tokenizer> tokenizer_;
};

TEST_F(LogprobsTest, SpellTokensWithTheirPlacesInTheText) {
  const Json taken = add(/*as_ids=*/false);
  std::string text;
  for (size_t i = 0; i < taken["tokens"].size(); ++i) {
    EXPECT_EQ(taken["text_offset"][i], text.size());
    EXPECT_EQ(taken["token_logprobs"][i], -0.5f);
    EXPECT_EQ(taken["top_logprobs"][i][taken["tokens"][i].get<std::string>()], -0.5f);
    text += taken["tokens"][i].get<std::string>();
  }
  EXPECT_EQ(text, "ab c");
}

TEST_F(LogprobsTest, NameTokensByTheirIds) {
  const engine::TokenId first = tokenizer_->encode("ab c")[0];
  const Json taken = add(/*as_ids=*/true);
  EXPECT_EQ(taken["tokens"][0], fmt::format("token_id:{}", first));
  EXPECT_EQ(taken["top_logprobs"][0][fmt::format("token_id:{}", first + 1)], -1.5f);
}

}  // namespace
}  // namespace fathom::http
