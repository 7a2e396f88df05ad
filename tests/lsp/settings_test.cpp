#include "lsp/settings.h"

#include <gtest/gtest.h>

namespace fathom::lsp {
namespace {

TEST(Settings, AreThoseOfTheConfigurationWhereTheClientSaysNothing) {
  completion::Config config;
  config.suggest = false;
  config.max_completion_tokens = 3;
  config.max_answer_tokens = 4;
  const Settings settings = changed(settings_of(config), {.max_answer_tokens = 5});
  EXPECT_FALSE(settings.suggest);
  EXPECT_EQ(settings.max_completion_tokens, 3);
  EXPECT_EQ(settings.max_reasoning_tokens, config.max_reasoning_tokens);
  EXPECT_EQ(settings.max_answer_tokens, 5);
}

}  // namespace
}  // namespace fathom::lsp
