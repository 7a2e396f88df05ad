#include "completion/syntax/syntax_guard.h"

#include <memory>

#include <gtest/gtest.h>

#include "tests/support/marked_text.h"

namespace fathom::completion {
namespace {

enum class Verdict { breaks, fits, unknown };

/// What the guard of the text without its marker says of `inserted` at the marker.
void check(std::string_view language, std::string_view marked, std::string_view inserted,
           Verdict expected) {
  const auto [text, cursor] = test::take_cursor(marked);
  SyntaxTree tree(*find_language(language, ""));
  ASSERT_TRUE(tree.update(text));
  const auto guard = SyntaxGuard::make(tree);
  if (!guard) {
    EXPECT_EQ(expected, Verdict::unknown) << marked;
    return;
  }
  const Verdict verdict = guard->breaks(cursor, cursor, inserted) ? Verdict::breaks : Verdict::fits;
  EXPECT_EQ(verdict, expected) << marked << " + " << inserted;
  EXPECT_FALSE(guard->breaks(cursor, cursor, "")) << "the question before must leave no trace";
}

TEST(SyntaxGuard, TellsWhetherAnInsertionBreaksAText) {
  check("cpp", "void f() {\n  $0\n}\n", "g();", Verdict::fits);
  check("cpp", "void f() {\n  $0\n}\n", "g(;", Verdict::breaks);
  check("cpp", "void f() {\n  $0\n}\n", "if (a) {", Verdict::breaks);
  check("python", "def f(a):\n    $0\n    return a\n", "b = a", Verdict::fits);
  check("python", "def f(a):\n    $0\n    return a\n", "b = = a", Verdict::breaks);
  check("json", "[1$0]\n", ", 2", Verdict::fits);
}

TEST(SyntaxGuard, SaysNothingOfATextThatIsBroken) {
  check("cpp", "void f() {\n  $0\n", "g(;", Verdict::unknown);
}

TEST(SyntaxGuard, CountsTheReplacedBytes) {
  SyntaxTree tree(*find_language("cpp", ""));
  ASSERT_TRUE(tree.update("int a = f();\n"));
  const auto guard = SyntaxGuard::make(tree);
  ASSERT_TRUE(guard);
  EXPECT_FALSE(guard->breaks(10, 11, "b).c()"));
  EXPECT_TRUE(guard->breaks(10, 10, "b).c()"));
}

}  // namespace
}  // namespace fathom::completion
