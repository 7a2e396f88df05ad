#include "editors/cli/similarity.h"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace fathom::cli {
namespace {

TEST(Similarity, EqualsTheRatioOfPythonsDifflib) {
  std::ifstream file("tests/data/cli/difflib.json");
  const nlohmann::json cases = nlohmann::json::parse(file);
  ASSERT_GT(cases.size(), 50);
  for (const nlohmann::json& c : cases)
    EXPECT_DOUBLE_EQ(similarity(c[0].get<std::string>(), c[1].get<std::string>()), c[2]) << c;
}

TEST(Similarity, TakesBytesThatAreNotUtf8) {
  EXPECT_DOUBLE_EQ(similarity("a\xff", "a\xff"), 1.0);
  EXPECT_DOUBLE_EQ(similarity("\xc3", "b"), 0.0);
}

}  // namespace
}  // namespace fathom::cli
