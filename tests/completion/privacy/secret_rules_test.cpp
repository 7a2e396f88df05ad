#include "completion/privacy/secret_rules.h"

#include <string>

#include <gtest/gtest.h>

#include "engine/tokenizer/regex.h"

namespace fathom::completion {
namespace {

TEST(SecretRules, HavePatternsThatCompile) {
  for (const SecretRule& rule : secret_rules())
    EXPECT_TRUE(engine::Regex::compile(std::string(rule.pattern)).has_value()) << rule.name;
}

}  // namespace
}  // namespace fathom::completion
