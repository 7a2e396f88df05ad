// The rules of a text, whoever computes it, with the built-in model's vocabulary.

#include "engine/generation_record.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/read_traits.h"

namespace fathom::engine {
namespace {

struct World {
  World() {
    const auto checkpoint = Checkpoint::open("models/nano/fathom-nano.gguf").value();
    tokenizer = Tokenizer::load(*checkpoint).value();
    traits = read_traits(*checkpoint, *tokenizer).value();
  }

  std::shared_ptr<const Tokenizer> tokenizer;
  ModelTraits traits;
};

const World& world() {
  static const World world;
  return world;
}

/// What comes of a request whose generator gives these tokens until it is told to stop.
GenerateResult check(GenerateRequest request, const std::vector<TokenId>& tokens,
                     Generator::OnToken on_token = nullptr) {
  std::optional<Result<GenerateResult>> result;
  request.prompt = {5, 6};
  GenerationRecord record(
      std::move(request), std::move(on_token),
      [&](Result<GenerateResult> done) { result = std::move(done); }, *world().tokenizer,
      world().traits);
  record.begin(1);
  for (const TokenId id : tokens)
    if (!record.finished()) record.accept(id, -0.5f);
  record.finish();
  return result.value().value();
}

std::vector<TokenId> encode(std::string_view text) { return world().tokenizer->encode(text); }

TEST(GenerationRecord, EndsWithAnEndTokenThatIsNoPartOfTheText) {
  const TokenId end = world().traits.end_tokens.at(0);
  std::vector<TokenId> tokens = encode("x = 1");
  const std::vector<TokenId> text = tokens;
  tokens.push_back(end);
  tokens.push_back(7);
  const GenerateResult result = check({}, tokens);
  EXPECT_EQ(result.tokens, text);
  EXPECT_EQ(result.stop, StopReason::end_token);
  EXPECT_EQ(result.prompt_tokens, 2);
  EXPECT_EQ(result.reused_tokens, 1);
  EXPECT_FLOAT_EQ(result.mean_logprob, -0.5f);
  EXPECT_EQ(check({.ignore_end_tokens = true}, {end, 7}).tokens, (std::vector<TokenId>{end, 7}));
}

TEST(GenerationRecord, StopsForEachOfItsReasons) {
  const std::vector<TokenId> tokens = encode("a; b; c; d;");
  EXPECT_EQ(check({.max_tokens = 2}, tokens).tokens.size(), 2u);
  EXPECT_EQ(check({.max_tokens = 2}, tokens).stop, StopReason::max_tokens);
  EXPECT_EQ(check({.stop_strings = {"b"}}, tokens).stop, StopReason::stop_string);
  const GenerateResult told = check({}, tokens, [](const TokenEvent&) { return false; });
  EXPECT_EQ(told.tokens.size(), 1u);
  EXPECT_EQ(told.stop, StopReason::callback);
}

TEST(GenerationRecord, MayNotEndBeforeTheForcedPrefixIsThere) {
  GenerationRecord record({.prompt = {5}, .forced_prefix = "return"}, nullptr, nullptr,
                          *world().tokenizer, world().traits);
  EXPECT_TRUE(record.forbids_end());
  EXPECT_FALSE(record.fits_prefix(world().traits.end_tokens.at(0)));
  EXPECT_FALSE(record.fits_prefix(encode("x").at(0)));
  for (const TokenId id : encode("return x")) {
    EXPECT_TRUE(record.fits_prefix(id));
    record.accept(id, 0);
  }
  EXPECT_EQ(record.forced_rest(), "");
  EXPECT_FALSE(record.forbids_end());
}

TEST(GenerationRecord, BeginsOnce) {
  GenerationRecord record({.prompt = {5}}, nullptr, nullptr, *world().tokenizer, world().traits);
  EXPECT_TRUE(record.begin(0));
  EXPECT_FALSE(record.begin(1));
}

TEST(CheckPrompt, RefusesWhatIsNoPrompt) {
  EXPECT_TRUE(check_request({.prompt = {1, 2}, .allowed = {0, 2}}, 2, 3));
  EXPECT_FALSE(check_request({.prompt = {1, 2}, .allowed = {3}}, 2, 3));
  for (const std::vector<TokenId>& prompt : {std::vector<TokenId>{}, {1, 2, 2}, {3}, {-1}})
    EXPECT_EQ(check_request({.prompt = prompt}, 2, 3).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace fathom::engine
