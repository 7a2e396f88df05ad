#include "editors/cli/token_ids.h"

#include <gtest/gtest.h>

namespace fathom::cli {
namespace {

using Ids = std::vector<engine::TokenId>;

TEST(TokenIds, AreReadFromListsOfAnyUsualForm) {
  for (const char* text : {"1,2,30", "1 2 30", "[1, 2, 30]\n", " 1,\n2\t30 "})
    EXPECT_EQ(parse_token_ids(text), Ids({1, 2, 30})) << text;
}

TEST(TokenIds, AreRefusedIfTheyAreNone) {
  for (const char* bad : {"", " , ", "a", "1,-2", "1.5", "1;2", "99999999999"})
    EXPECT_FALSE(parse_token_ids(bad)) << bad;
}

TEST(TokenIds, AreWrittenAsTheyAreRead) { EXPECT_EQ(format_token_ids({1, 2, 30}), "1,2,30"); }

}  // namespace
}  // namespace fathom::cli
