#include "completion/suggestion_cache.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/marked_text.h"

namespace fathom::completion {
namespace {

using test::take_cursor;

Snapshot snapshot_of(std::string_view text, std::string_view uri = "file:///a") {
  return {.uri = std::string(uri), .path = "a", .text = std::string(text)};
}

class Cache : public testing::Test {
 protected:
  void suggest(std::string_view marked, std::string_view text, size_t replaced = 0) {
    const auto [buffer, cursor] = take_cursor(marked);
    cache_.add(snapshot_of(buffer), cursor,
               {.text = std::string(text),
                .replace_begin = cursor,
                .replace_end = cursor + replaced,
                .stop = "line"});
  }

  /// The rest of a suggestion, or "none".
  std::string ask(std::string_view marked, std::string_view uri = "file:///a") {
    const auto [buffer, cursor] = take_cursor(marked);
    const auto found = cache_.find(snapshot_of(buffer, uri), cursor);
    if (!found) return "none";
    EXPECT_EQ(found->stop, "cache");
    EXPECT_EQ(found->replace_begin, cursor);
    n_replaced_ = found->replace_end - found->replace_begin;
    return found->text;
  }

  SuggestionCache cache_;
  size_t n_replaced_ = 0;
};

TEST_F(Cache, AnswersWhatIsTypedAlongASuggestion) {
  suggest("int a = $0;\n", "f(1, 2)");
  EXPECT_EQ(ask("int a = $0;\n"), "f(1, 2)");
  EXPECT_EQ(ask("int a = f($0;\n"), "1, 2)");
  EXPECT_EQ(ask("int a = f(1, 2$0;\n"), ")");
  EXPECT_EQ(ask("int a = f(1, 2)$0;\n"), "none");
}

TEST_F(Cache, AnswersAWishForSeveralWhereAsManyWereAskedForOrAreLeft) {
  const auto [text, cursor] = take_cursor("int a = $0;\n");
  const auto made = [at = cursor](std::string suggested) {
    return Alternative{.text = std::move(suggested), .replace_begin = at, .replace_end = at};
  };
  cache_.add(snapshot_of(text), cursor,
             {.text = "f(1)",
              .replace_begin = cursor,
              .replace_end = cursor,
              .alternatives = {made("f(2)"), made("g()")}},
             /*n=*/4);
  using Texts = std::vector<std::string>;
  const auto ask_for = [&](int n, std::string_view marked) {
    const auto [buffer, at] = take_cursor(marked);
    const auto known = cache_.find(snapshot_of(buffer), at, n);
    if (!known) return Texts();
    Texts found = {known->text};
    for (const Alternative& other : known->alternatives) found.push_back(other.text);
    return found;
  };
  EXPECT_EQ(ask_for(1, "int a = $0;\n"), Texts({"f(1)"}));
  EXPECT_EQ(ask_for(2, "int a = $0;\n"), Texts({"f(1)", "f(2)"}));
  EXPECT_EQ(ask_for(4, "int a = $0;\n"), Texts({"f(1)", "f(2)", "g()"}));
  EXPECT_EQ(ask_for(5, "int a = $0;\n"), Texts());
  EXPECT_EQ(ask_for(2, "int a = f($0;\n"), Texts({"1)", "2)"}));
  EXPECT_EQ(ask_for(3, "int a = f($0;\n"), Texts());
  EXPECT_EQ(ask_for(1, "int a = g$0;\n"), Texts({"()"}));
}

TEST_F(Cache, AnswersAcrossBracketsThatTheEditorCloses) {
  suggest("int a = $0;\n", "f(g[1], \"x\")");
  EXPECT_EQ(ask("int a = f($0);\n"), "g[1], \"x\")");
  EXPECT_EQ(n_replaced_, 1u);
  EXPECT_EQ(ask("int a = f(g[$0]);\n"), "1], \"x\")");
  EXPECT_EQ(n_replaced_, 2u);
  EXPECT_EQ(ask("int a = f(g[1$0]);\n"), "], \"x\")");
  EXPECT_EQ(ask("int a = f(g[1]$0);\n"), ", \"x\")");
  EXPECT_EQ(n_replaced_, 1u);
  EXPECT_EQ(ask("int a = f(g[1], \"$0\");\n"), "x\")");
  EXPECT_EQ(n_replaced_, 2u);
  EXPECT_EQ(ask("int a = f(g[1], \"x$0;\n"), "\")");
}

TEST_F(Cache, DoesNotAnswerAcrossWhatTheEditorHasNotClosed) {
  suggest("int a = $0;\n", "f(1)");
  EXPECT_EQ(ask("int a = f($0];\n"), "none");
  EXPECT_EQ(ask("int a = f($0));\n"), "none");
  EXPECT_EQ(ask("int a = f$0);\n"), "none");
  EXPECT_EQ(ask("int a = f(1)$0);\n"), "none");
  EXPECT_EQ(ask("int a = f($0) ;\n"), "none");
}

TEST_F(Cache, ReplacesWhatTheSuggestionReplacedBehindClosedBrackets) {
  suggest("f($0);\n", "g(1))", 1);
  EXPECT_EQ(ask("f(g($0));\n"), "1))");
  EXPECT_EQ(n_replaced_, 2u);
}

TEST_F(Cache, AnswersAcrossLines) {
  suggest("void f() {$0", "\n  g();\n}");
  EXPECT_EQ(ask("void f() {\n  g$0"), "();\n}");
}

TEST_F(Cache, AnswersAfterDeletingBack) {
  suggest("int a = $0;\n", "f(1)");
  EXPECT_EQ(ask("int a = f(2$0;\n"), "none");
  EXPECT_EQ(ask("int a = f($0;\n"), "1)");
  EXPECT_EQ(ask("int a = $0;\n"), "f(1)");
  EXPECT_EQ(ask("int a =$0;\n"), "none");
}

TEST_F(Cache, KeepsTheRangeBehindTheCursor) {
  suggest("f($0);\n", "a).b()", 1);
  EXPECT_EQ(ask("f(a$0);\n"), ").b()");
  EXPECT_EQ(n_replaced_, 1u);
}

TEST_F(Cache, DoesNotAnswerIfAnythingElseChanged) {
  suggest("int b;\nint a = $0;\n", "f(1)");
  EXPECT_EQ(ask("int c;\nint a = $0;\n"), "none");
  EXPECT_EQ(ask("int b;\nint a = $0,\n"), "none");
  EXPECT_EQ(ask("int b;\nint a = $0;\n", "file:///b"), "none");
}

TEST_F(Cache, PrefersTheNewerSuggestion) {
  suggest("a$0", "bcd");
  suggest("ab$0", "xyz");
  EXPECT_EQ(ask("ab$0"), "xyz");
  EXPECT_EQ(ask("abc$0"), "d");
}

TEST_F(Cache, ForgetsADocumentAndWhatIsOld) {
  suggest("a$0", "b");
  cache_.forget({.client = 0, .uri = "file:///other"});
  EXPECT_EQ(ask("a$0"), "b");
  cache_.forget({.client = 0, .uri = "file:///a"});
  EXPECT_EQ(ask("a$0"), "none");

  suggest("first$0", "b");
  for (int i = 0; i < 256; ++i) suggest(std::string(static_cast<size_t>(i) + 10, 'x') + "$0", "y");
  EXPECT_EQ(ask("first$0"), "none");
}

TEST_F(Cache, KeepsTheSameFileOfTwoClientsApart) {
  Snapshot first = snapshot_of("a");
  first.client = 1;
  Snapshot second = snapshot_of("a");
  second.client = 2;
  const Completion suggestion{.text = "b", .replace_begin = 1, .replace_end = 1, .stop = "line"};
  cache_.add(first, 1, suggestion);
  EXPECT_FALSE(cache_.find(second, 1));
  cache_.add(second, 1, suggestion);
  cache_.forget_client(2);
  EXPECT_FALSE(cache_.find(second, 1));
  EXPECT_TRUE(cache_.find(first, 1));
}

TEST_F(Cache, DoesNotKeepEmptySuggestions) {
  suggest("a$0", "");
  EXPECT_EQ(ask("a$0"), "none");
}

}  // namespace
}  // namespace fathom::completion
