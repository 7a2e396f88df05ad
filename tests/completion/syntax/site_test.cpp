#include "completion/syntax/site.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/marked_text.h"

namespace fathom::completion {
namespace {

using test::dedent;
using test::take_cursor;

Site site(std::string_view language, std::string_view marked) {
  const auto [text, cursor] = take_cursor(dedent(marked));
  SyntaxTree tree(*find_language(language, ""));
  EXPECT_TRUE(tree.update(text));
  return site_at(tree, cursor);
}

/// Expects a block whose header is `header`, or a line if that is empty.
void check(std::string_view language, std::string_view marked, std::string_view header = {}) {
  const auto [text, cursor] = take_cursor(dedent(marked));
  const Site found = site(language, marked);
  EXPECT_EQ(found.extent, header.empty() ? Extent::line : Extent::block) << language << marked;
  if (found.extent == Extent::block && !header.empty()) {
    EXPECT_EQ(text.substr(found.header_begin, header.size()), header) << language << marked;
  }
}

TEST(Site, IsABlockAfterTheTokenThatOpensOne) {
  check("c", "int f(void) {$0", "int f");
  check("cpp", "class Grid {\n  $0\n};", "class Grid");
  check("python", "def f(a):$0", "def f");
  check("python", "class A:\n    def f(self):\n        $0\n\n    def g(self):\n        pass\n",
        "    def f");
  check("javascript", "function f(a) {\n  $0\n}\n", "function");
  check("typescript", "interface Point {\n  $0\n}\n", "interface");
  check("typescriptreact", "export function App() {\n  $0\n}\n", "export");
  check("go", "package a\n\nfunc f() error {\n\t$0\n}\n", "func f");
  check("rust", "impl A {\n    fn f(&self) {\n        $0\n    }\n}\n", "    fn f");
  check("java", "class A {\n  int f() {\n    $0\n  }\n}\n", "  int f");
  check("lua", "function f(a)\n  $0\nend\n", "function f");
  check("lua", "if a then$0", "if a");
  check("csharp", "class A {\n  int F() {\n    $0\n  }\n}\n", "  int F");
  check("csharp", "namespace A\n{\n    class B\n    {\n        $0\n    }\n}\n", "    class B");
  check("kotlin", "class A {\n  fun f(a: Int): Int {\n    $0\n  }\n}\n", "  fun f");
  check("kotlin", "fun f(a: Int) {\n  if (a > 1) {\n    $0\n  }\n}\n", "  if");
  check("swift", "struct A {\n  func f(a: Int) -> Int {\n    $0\n  }\n}\n", "  func f");
  check("swift", "func f(a: Int) {\n  if a > 1 {\n    $0\n  }\n}\n", "  if");
  check("scala", "object A {\n  def f(a: Int): Int = {\n    $0\n  }\n}\n", "  def f");
  check("php", "<?php\nfunction f($a) {\n  $0\n}\n", "function f");
  check("php", "<?php\nclass A {\n  function f() {\n    if ($a) {\n      $0\n    }\n  }\n}\n",
        "    if");
  check("ruby", "def f(a)\n  $0\nend\n", "def f");
  check("ruby", "list.each do\n  $0\nend\n", "list");
  check("shellscript", "f() {\n  $0\n}\n", "f()");
  check("shellscript", "for a in b; do\n  $0\ndone\n", "for a");
  check("zig", "fn f(a: u32) u32 {\n    $0\n}\n", "fn f");
  check("css", "a:hover {\n  $0\n}\n", "a:hover");
}

TEST(Site, IsABlockBetweenBracketsThatTheEditorClosed) {
  check("cpp", "void f() {$0}", "void f");
  check("javascript", "const f = (a) => {$0});", "const f");
}

TEST(Site, IsABlockInCodeThatDoesNotParse) {
  check("cpp", "class A {\n  void f( {\n  for (int i = 0; i < n; ++i) {\n    $0\n", "  for");
  check("python", "x = (\ndef f(:\n    if a:\n        $0", "    if");
}

TEST(Site, FindsTheHeaderOfSeveralLines) {
  check("cpp", "void f(int a,\n         int b) {\n  $0\n}\n", "void f");
  check("python", "def f(a,\n      b):\n    $0\n", "def f");
}

TEST(Site, LooksThroughACommentOnTheHeadersLine) {
  check("cpp", "void f() {  // never called\n  $0\n}\n", "void f");
  check("python", "def f():  # never called\n    $0\n", "def f");
}

TEST(Site, IsALineWhereTheBlockHasContent) {
  check("cpp", "void f() {\n  $0\n  g();\n}\n");
  check("cpp", "void f() {$0 g(); }\n");
  check("python", "def f():\n    $0\n    return 1\n");
  check("lua", "function f()\n  $0\n  return 1\nend\n");
}

TEST(Site, IsALineElsewhere) {
  check("cpp", "void f() {\n  g();\n  $0\n}\n");
  check("cpp", "int a = $0;\n");
  check("cpp", "$0");
  check("cpp", "namespace a {\n$0\nstruct B {};\n}\n");
  check("cpp", "std::vector<int> a = {$0");
  check("python", "a = {1:$0");
  check("python", "a[1:$0");
  check("python", "x: $0");
  check("javascript", "f({$0");
  check("lua", "f(a)$0");
}

TEST(Site, IsALineInCommentsAndStrings) {
  check("cpp", "// void f() {$0\n");
  check("cpp", "void f() { // $0\n}");
  check("cpp", "const char* a = \"void f() {$0\";\n");
  check("python", "# def f():$0\n");
}

TEST(Site, KnowsTheIndentationOfTheHeader) {
  EXPECT_EQ(site("cpp", "class A {\n    void f() {\n        $0\n    }\n};\n").header_indent, 4);
  EXPECT_EQ(site("go", "package a\nfunc f() {\n\tif a {\n\t\t$0\n\t}\n}\n").header_indent, 8);
}

}  // namespace
}  // namespace fathom::completion
