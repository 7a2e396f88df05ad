#include "completion/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Config, TakesValuesOfTheRightTypeAndRemembersWhoSetThem) {
  EffectiveConfig config;
  set(config, "completion.enabled", false, "a.toml", "a.toml:1");
  set(config, "explain.max_answer_tokens", int64_t{9}, "a.toml", "a.toml:2");
  set(config, "explain.max_answer_tokens", int64_t{10}, "b.toml", "b.toml:1");
  set(config, "engine.backend", std::string("cpu"), "--backend", "--backend");
  EXPECT_THAT(config.problems, IsEmpty());
  EXPECT_FALSE(config.values.suggest);
  EXPECT_EQ(config.values.max_answer_tokens, 10);
  EXPECT_EQ(config.values.backend, "cpu");
  EXPECT_EQ(origin_of(config, "completion.enabled"), "a.toml");
  EXPECT_EQ(origin_of(config, "explain.max_answer_tokens"), "b.toml");
  EXPECT_EQ(origin_of(config, "engine.model"), "default");
}

TEST(Config, KeepsItsValueWhereTheNewOneIsWrong) {
  EffectiveConfig config;
  set(config, "completion.enabled", int64_t{1}, "f", "f:1");
  set(config, "engine.threads", int64_t{-1}, "f", "f:2");
  set(config, "engine.threads", int64_t{1} << 40, "f", "f:3");
  set(config, "engine.backend", std::string("tpu"), "f", "f:4");
  set(config, "engine.model", true, "f", "f:5");
  EXPECT_THAT(config.problems,
              ElementsAre("f:1: completion.enabled must be true or false",
                          "f:2: engine.threads must be a whole number from 0 to 1024",
                          "f:3: engine.threads must be a whole number from 0 to 1024",
                          "f:4: engine.backend must be one of: auto cpu cuda reference",
                          "f:5: engine.model must be a text in quotes"));
  EXPECT_THAT(config.origins, IsEmpty());
  EXPECT_EQ(config.values.n_threads, 0);
  EXPECT_EQ(config.values.backend, "auto");
}

TEST(Config, KeepsNothingOnDiskUnlessTheUserSaysHowMuch) {
  EffectiveConfig config;
  EXPECT_EQ(config.values.disk_cache_mb, 0);
  apply_toml(config, "engine.disk_cache_mb = 500", ".fathom.toml", ConfigScope::project);
  EXPECT_EQ(config.values.disk_cache_mb, 0);
  ASSERT_EQ(config.problems.size(), 1u);
  apply_toml(config, "[engine]\ndisk_cache_mb = 500\n", "fathom.toml", ConfigScope::user);
  EXPECT_EQ(config.values.disk_cache_mb, 500);
  apply_toml(config, "engine.disk_cache_mb = -1", "fathom.toml", ConfigScope::user);
  EXPECT_EQ(config.values.disk_cache_mb, 500);
  EXPECT_EQ(config.problems.size(), 2u);
}

TEST(Config, NamesTheKeyThatWasProbablyMeant) {
  const auto problem = [](std::string_view key) {
    EffectiveConfig config;
    set(config, key, true, "f", "f:1");
    return config.problems.at(0);
  };
  EXPECT_EQ(problem("completion.maxtokens"),
            "f:1: there is no key 'completion.maxtokens'; did you mean 'completion.max_tokens'?");
  EXPECT_EQ(problem("threads"), "f:1: there is no key 'threads'; did you mean 'engine.threads'?");
  EXPECT_EQ(problem("colour.of.the.bicycle.shed"),
            "f:1: there is no key 'colour.of.the.bicycle.shed'; `fathom config` lists them all");
}

TEST(Config, HasADefaultInRangeForEveryKey) {
  for (const ConfigKey& key : config_keys()) {
    EXPECT_FALSE(key.help.empty()) << key.name;
    if (const auto* number = std::get_if<int Config::*>(&key.member)) {
      const int value = Config().*(*number);
      EXPECT_TRUE(key.low <= value && value <= key.high) << key.name;
    }
    EXPECT_FALSE(value_text(Config(), key).empty()) << key.name;
  }
}

}  // namespace
}  // namespace fathom::completion
