#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "completion/config.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

EffectiveConfig apply(std::string_view text, ConfigScope scope = ConfigScope::user) {
  EffectiveConfig config;
  apply_toml(config, text, "f.toml", scope);
  return config;
}

TEST(ConfigFile, SetsWhatItSays) {
  const EffectiveConfig config = apply(R"(
# a comment
completion.enabled = false
[engine]
model = "deepseek-coder"
threads = 4
)");
  EXPECT_THAT(config.problems, IsEmpty());
  EXPECT_FALSE(config.values.suggest);
  EXPECT_EQ(config.values.model, "deepseek-coder");
  EXPECT_EQ(config.values.n_threads, 4);
  EXPECT_EQ(origin_of(config, "engine.threads"), "f.toml");
}

TEST(ConfigFile, SaysWhereItIsWrongAndUsesTheRest) {
  const EffectiveConfig config = apply(R"([completion]
enabled = "no"
max_token = 3
max_tokens = 2.5
[explain]
max_answer_tokens = 7
)");
  EXPECT_THAT(config.problems,
              ElementsAre("f.toml:2: completion.enabled must be true or false",
                          "f.toml:3: there is no key 'completion.max_token'; did you mean "
                          "'completion.max_tokens'?",
                          "f.toml:4: completion.max_tokens must be a text, a whole number, true or "
                          "false"));
  EXPECT_EQ(config.values.max_answer_tokens, 7);
}

TEST(ConfigFile, ThatIsNoTomlSetsNothing) {
  const EffectiveConfig config = apply("[explain]\nmax_answer_tokens = 7\n[completion\n");
  ASSERT_EQ(config.problems.size(), 1u);
  EXPECT_THAT(config.problems[0], HasSubstr("f.toml:3"));
  EXPECT_EQ(config.values.max_answer_tokens, Config().max_answer_tokens);
  EXPECT_EQ(apply("\xff\xfe").problems.size(), 1u);
}

TEST(ConfigFile, OfAProjectNeverChoosesWhatIsLoaded) {
  const EffectiveConfig config =
      apply("engine.model = '/tmp/evil.gguf'\nengine.backend = 'cpu'\ncompletion.enabled = false\n",
            ConfigScope::project);
  EXPECT_EQ(config.values.model, "");
  EXPECT_EQ(config.values.backend, "auto");
  EXPECT_FALSE(config.values.suggest);
  EXPECT_THAT(config.problems,
              UnorderedElementsAre(HasSubstr("engine.model is not for projects to decide"),
                                   HasSubstr("engine.backend is not for projects to decide")));
}

class ConfigFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / "fathom_config_test";
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "home" / "fathom");
    fs::create_directories(folder_ / "project" / "src");
    setenv("XDG_CONFIG_HOME", (folder_ / "home").c_str(), 1);
  }
  void TearDown() override {
    unsetenv("XDG_CONFIG_HOME");
    fs::remove_all(folder_);
  }
  void write(const fs::path& name, std::string_view text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  fs::path folder_;
};

TEST_F(ConfigFiles, OfTheUserLieUnderThoseOfTheProject) {
  write("home/fathom/fathom.toml", "explain.max_answer_tokens = 1\nengine.threads = 2\n");
  write("project/.fathom.toml", "explain.max_answer_tokens = 3\n");
  const EffectiveConfig config = load_config(folder_ / "project" / "src");
  EXPECT_THAT(config.problems, IsEmpty());
  EXPECT_EQ(config.values.max_answer_tokens, 3);
  EXPECT_EQ(config.values.n_threads, 2);
  EXPECT_EQ(origin_of(config, "explain.max_answer_tokens"),
            (folder_ / "project" / ".fathom.toml").string());
}

TEST_F(ConfigFiles, AroundARepositoryAreNotItsOwn) {
  write(".fathom.toml", "explain.max_answer_tokens = 3\n");
  fs::create_directories(folder_ / "project" / ".git");
  EXPECT_EQ(load_config(folder_ / "project" / "src").values.max_answer_tokens,
            Config().max_answer_tokens);
}

TEST_F(ConfigFiles, ThatCannotBeReadAreProblems) {
  fs::create_directories(folder_ / "project" / ".fathom.toml");
  write("home/fathom/fathom.toml", std::string((1 << 20) + 1, '#'));
  EXPECT_THAT(load_config(folder_ / "project").problems,
              ElementsAre(HasSubstr("cannot be read"), HasSubstr("cannot be read")));
}

TEST_F(ConfigFiles, NeedNotBeThere) {
  EXPECT_THAT(load_config(folder_ / "project").problems, IsEmpty());
  EXPECT_THAT(load_config({}).problems, IsEmpty());
}

}  // namespace
}  // namespace fathom::completion
