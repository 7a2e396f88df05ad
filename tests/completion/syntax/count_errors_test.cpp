#include "completion/syntax/count_errors.h"

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

int errors_in(std::string_view text) {
  SyntaxTree tree(*find_language("c", ""));
  EXPECT_TRUE(tree.update(text));
  return count_errors(tree);
}

TEST(CountErrors, CountsPlacesThatDoNotParse) {
  EXPECT_EQ(errors_in("int a;\n"), 0);
  EXPECT_EQ(errors_in("int f() { return 1 }\n"), 1) << "a semicolon is missing";
  EXPECT_EQ(errors_in("int f() { return 1 }\nint g() { return 2 }\n"), 2);
  EXPECT_GT(errors_in("int f( {\n"), 0);
}

TEST(CountErrors, CountsWhatNoNodeShows) {
  SyntaxTree tree(*find_language("c", ""));
  ASSERT_TRUE(tree.update("#include <stddef.h>"));
  ASSERT_TRUE(tree.has_errors()) << "the grammar misses the end of the line";
  EXPECT_EQ(count_errors(tree), 1);
}

TEST(CountErrors, KnowsNothingWithoutATree) {
  EXPECT_EQ(count_errors(SyntaxTree(*find_language("c", ""))), 0);
}

}  // namespace
}  // namespace fathom::completion
