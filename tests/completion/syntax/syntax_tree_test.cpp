#include "completion/syntax/syntax_tree.h"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>

#include <gtest/gtest.h>
#include <tree_sitter/api.h>

namespace fathom::completion {
namespace {

const Language& cpp() { return *find_language("cpp", ""); }

std::string to_text(const SyntaxTree& tree) {
  char* text = ts_node_string(ts_tree_root_node(tree.tree()));
  std::string result(text);
  std::free(text);
  return result;
}

TEST(SyntaxTree, AfterEditsIsThatOfTheTextParsedAtOnce) {
  const std::string piece = "int f(int a) { return g(a, \"x\") + 1; }\n";
  std::string text = piece + piece + piece;
  std::mt19937 random(7);
  SyntaxTree tree(cpp());
  for (int i = 0; i < 200; ++i) {
    const size_t at = random() % (text.size() + 1);
    if (random() % 2 == 0) {
      text.insert(at, piece.substr(random() % piece.size(), random() % 6));
    } else {
      text.erase(at, random() % 6);
    }
    ASSERT_TRUE(tree.update(text));
    EXPECT_EQ(tree.text(), text);
    EXPECT_EQ(ts_node_end_byte(ts_tree_root_node(tree.tree())), text.size());
  }
  // An incremental parse may mend broken code in another way; whole code has one tree.
  ASSERT_TRUE(tree.update(piece + piece));
  SyntaxTree fresh(cpp());
  ASSERT_TRUE(fresh.update(piece + piece));
  EXPECT_EQ(to_text(tree), to_text(fresh));
}

TEST(SyntaxTree, IsCopiedForAnotherThread) {
  SyntaxTree tree(cpp());
  ASSERT_TRUE(tree.update("int a;"));
  const auto copy = tree.copy();
  EXPECT_EQ(copy->text(), "int a;");
  ASSERT_TRUE(copy->update("int (a;"));
  EXPECT_TRUE(copy->has_errors());
  EXPECT_FALSE(tree.has_errors());
  EXPECT_EQ(tree.text(), "int a;");
  EXPECT_EQ(SyntaxTree(cpp()).copy()->tree(), nullptr);
}

TEST(SyntaxTree, TakesAnyBytes) {
  for (const Language& language : languages()) {
    SyntaxTree tree(language);
    EXPECT_TRUE(tree.update(std::string("\xff\xfe\0{{(\xc3", 7))) << language.name;
    EXPECT_TRUE(tree.update("\r\n\t\xe2\x82")) << language.name;
    EXPECT_TRUE(tree.update("")) << language.name;
  }
}

TEST(SyntaxTree, IsNotMadeOfATextAboveTheLimit) {
  SyntaxTree tree(cpp());
  EXPECT_TRUE(tree.update("int a;"));
  EXPECT_FALSE(tree.update(std::string(SyntaxTree::kMaxBytes + 1, 'x')));
  EXPECT_EQ(tree.tree(), nullptr);
  EXPECT_TRUE(tree.update("int b;"));
}

TEST(SyntaxTree, GivesUpOnAHostileTextInTime) {
  const auto start = std::chrono::steady_clock::now();
  SyntaxTree tree(cpp());
  std::string text(SyntaxTree::kMaxBytes, '(');
  tree.update(text);
  text[0] = 'a';
  tree.update(text);
  // 250 ms once, and time to spare for slow machines and sanitizers.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace fathom::completion
