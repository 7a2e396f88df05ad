#include "completion/decide.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/marked_text.h"

namespace fathom::completion {
namespace {

void check(std::string_view marked, std::string_view automatic, std::string_view invoked = {}) {
  const auto [text, cursor] = test::take_cursor(marked);
  const Snapshot snapshot{.uri = "file:///a.cpp", .path = "a.cpp", .text = text};
  EXPECT_EQ(forbidden_by(snapshot, cursor, Trigger::automatic), automatic) << marked;
  EXPECT_EQ(forbidden_by(snapshot, cursor, Trigger::invoked), invoked) << marked;
}

TEST(Decide, AllowsTheEndOfALineAndWhatTheEditorClosed) {
  check("$0", "");
  check("int a = $0\nint b;", "");
  check("f(g[\"$0\"]);\n", "");
  check("f($0) {\n", "");
}

TEST(Decide, ForbidsTheMiddleOfAWordUnlessAsked) {
  check("retu$0rn a;", "mid_word");
  check("f($0a)", "");
}

TEST(Decide, ForbidsTheMiddleOfALineUnlessAsked) {
  check("int a = $0 + distance(b, c);", "mid_line");
  check("f($0, b, c)", "");
}

TEST(Decide, ForbidsAPlaceThatNoEditorMeans) { check("int a;\r$0\n", "position", "position"); }

TEST(Decide, ForbidsFilesThatHoldSecrets) {
  for (const std::string path : {".env", "/a/.env.local", "C:\\b\\ID_RSA"}) {
    EXPECT_EQ(forbidden_by({.uri = path, .path = "a"}, 0, Trigger::invoked), "secret_file");
    EXPECT_EQ(forbidden_by({.uri = "a", .path = path}, 0, Trigger::invoked), "secret_file");
  }
}

}  // namespace
}  // namespace fathom::completion
