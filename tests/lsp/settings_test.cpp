#include "lsp/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace fathom::lsp {
namespace {

using completion::EffectiveConfig;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

EffectiveConfig files(int max_completion_tokens) {
  EffectiveConfig config;
  completion::set(config, "completion.max_tokens", int64_t{max_completion_tokens}, "f", "f:1");
  return config;
}

TEST(Settings, AreThoseOfTheFilesWhereTheClientSaysNothing) {
  Settings settings(files(3));
  settings.set_client(read_settings({{"explain", {{"maxAnswerTokens", 5}}}}));
  EXPECT_EQ(settings.values().max_completion_tokens, 3);
  EXPECT_EQ(settings.values().max_answer_tokens, 5);
  EXPECT_THAT(settings.take_problems(), IsEmpty());
}

TEST(Settings, AreReadFromObjectsAndDottedNamesInEitherCase) {
  Settings settings{EffectiveConfig()};
  settings.set_client(read_settings(Json::parse(R"({
    "completion.maxTokens": 8,
    "completion": {"enabled": false, "disabled_languages": ["markdown", "plaintext"]},
    "explain": {"max_answer_tokens": null}
  })")));
  EXPECT_THAT(settings.take_problems(), IsEmpty());
  EXPECT_EQ(settings.values().max_completion_tokens, 8);
  EXPECT_FALSE(settings.values().suggest);
  EXPECT_EQ(settings.values().disabled_languages, "markdown plaintext");
  EXPECT_EQ(settings.values().max_answer_tokens, completion::Config{}.max_answer_tokens);
}

TEST(Settings, OfTheClientReplaceWhatItSaidBeforeAndOutliveTheFiles) {
  Settings settings(files(3));
  settings.set_client(read_settings({{"completion", {{"maxTokens", 5}}}}));
  settings.set_base(files(4));
  EXPECT_EQ(settings.values().max_completion_tokens, 5);
  settings.set_client(read_settings(Json::object()));
  EXPECT_EQ(settings.values().max_completion_tokens, 4);
}

TEST(Settings, SayOnceWhatIsWrongWithThem) {
  Settings settings{EffectiveConfig()};
  const Json wrong = Json::parse(R"({
    "completion": {"maxToken": 1, "enabled": "yes", "disabledLanguages": [1]},
    "engine": {"model": "evil.gguf"}
  })");
  settings.set_client(read_settings(wrong));
  EXPECT_THAT(
      settings.take_problems(),
      testing::UnorderedElementsAre(
          "the editor: there is no key 'completion.max_token'; did you mean "
          "'completion.max_tokens'?",
          "the editor: completion.enabled must be true or false",
          "the editor: completion.disabledLanguages must be a text, a whole number, true or false",
          HasSubstr("the editor: engine.model is not for editors to decide; set it in ")));
  EXPECT_EQ(settings.values().model, "");
  settings.set_client(read_settings(wrong));
  EXPECT_THAT(settings.take_problems(), IsEmpty());
  settings.set_client(read_settings(Json::object()));
  settings.set_client(read_settings({{"completion", {{"enabled", 1}}}}));
  EXPECT_THAT(settings.take_problems(),
              ElementsAre("the editor: completion.enabled must be true or false"));
  settings.set_client(read_settings("on"));
  EXPECT_THAT(settings.take_problems(), ElementsAre("the editor: the settings must be an object"));
}

TEST(Settings, LeaveWhatIsTheEditorsOwnToIt) {
  Settings settings{EffectiveConfig()};
  settings.set_client(read_settings(
      {{"trace", {{"server", "verbose"}}}, {"client", {{"path", "fathom"}}}, {"token", "secret"}}));
  EXPECT_THAT(settings.take_problems(), IsEmpty());
}

TEST(Settings, SayWhichChangeNeedsARestart) {
  EffectiveConfig before;
  EffectiveConfig after;
  completion::set(after, "engine.threads", int64_t{3}, "f", "f:1");
  completion::set(after, "completion.max_tokens", int64_t{3}, "f", "f:2");
  Settings settings(before);
  settings.set_base(after);
  EXPECT_THAT(settings.take_problems(),
              ElementsAre("engine.threads was changed; restart fathom to let it take effect"));
  settings.set_base(after);
  EXPECT_THAT(settings.take_problems(), IsEmpty());
}

}  // namespace
}  // namespace fathom::lsp
