#include "completion/syntax/declarations.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/marked_text.h"

namespace fathom::completion {
namespace {

std::vector<Declaration> parse(SyntaxTree& tree, std::string_view text) {
  EXPECT_TRUE(tree.update(text));
  return declarations_of(tree);
}

/// One line each: kind, container, name, and the text without bodies up to the first line end.
void check(std::string_view extension, std::string_view source, std::string_view expected) {
  const std::string path = "a." + std::string(extension);
  const Language* language = find_language("", path);
  ASSERT_NE(language, nullptr) << extension;
  SyntaxTree tree(*language);
  const std::string text = test::dedent(source);
  std::string found;
  const auto declarations = parse(tree, text);
  for (const Declaration& d : declarations) {
    const char* kind = d.kind == Declaration::Kind::type       ? "type"
                       : d.kind == Declaration::Kind::function ? "function"
                                                               : "variable";
    found +=
        std::string(kind) + " " + d.container + (d.container.empty() ? "" : ".") + d.name + "\n";
    EXPECT_LE(d.begin, d.body);
    EXPECT_LE(d.body, d.end);
    EXPECT_LE(d.end, text.size());
  }
  EXPECT_EQ(found, test::dedent(expected)) << extension;
}

TEST(Declarations, AreThoseThatOtherFilesMayName) {
  check("cpp", R"(
    #include "a.h"
    namespace shop {
    template <class T> class Cart : Base {
     public:
      Cart();
      int total() const { int local = 1; return local; }
      enum class State { open, paid };
      int count_ = 0;
    };
    class Later;
    int Cart::size() const { return 0; }
    constexpr int kMax = 3;
    using Id = int;
    }
  )",
        R"(
    type Cart
    function Cart.Cart
    function Cart.total
    type Cart.State
    variable Cart.count_
    function Cart.size
    variable kMax
    type Id
  )");
  check("c", R"(
    #define LIMIT 4
    typedef struct { int x; } point;
    struct list { struct list *next; };
    static int *find(struct list *l) { return 0; }
    int count(void);
  )",
        R"(
    variable LIMIT
    type point
    variable x
    type list
    variable list.next
    function find
    function count
  )");
  check("py", R"(
    LIMIT = 3
    @cached
    def load(path): return path
    class Store(Base):
        name: str = ""
        def get(self):
            inner = 1
            def helper(): pass
            return inner
  )",
        R"(
    variable LIMIT
    function load
    type Store
    variable Store.name
    function Store.get
  )");
  check("ts", R"(
    import { a } from "./a";
    export const limit = 3;
    export const twice = (n: number): number => { return 2 * n; };
    export interface Item { id: number; name(): string }
    export abstract class Shop<T> { private items: T[] = []; add(item: T): void { this.x(); } }
    type Id = string | number;
    export enum State { open, paid }
  )",
        R"(
    variable limit
    function twice
    type Item
    variable Item.id
    function Item.name
    type Shop
    variable Shop.items
    function Shop.add
    type Id
    type State
  )");
  check("go", R"(
    package store
    const (
        Low = 1
        High = 2
    )
    type Store struct { name string }
    func (s *Store) Get(key string) error { return nil }
    func New() *Store { return nil }
  )",
        R"(
    variable Low
    variable High
    type Store
    function Store.Get
    function New
  )");
  check("rs", R"(
    pub const LIMIT: usize = 3;
    pub struct Store<T> { items: Vec<T> }
    impl<T> Store<T> { pub fn get(&self) -> &T { &self.items[0] } }
    pub trait Named { fn name(&self) -> String; }
  )",
        R"(
    variable LIMIT
    type Store
    variable Store.items
    type Store
    function Store.get
    type Named
    function Named.name
  )");
  check("java", R"(
    package a.b;
    public class Shop { private final int limit = 3; public Shop() {} int total(int n) { return n; } }
    interface Named { String name(); }
    enum State { OPEN, PAID }
  )",
        R"(
    type Shop
    variable Shop.limit
    function Shop.Shop
    function Shop.total
    type Named
    function Named.name
    type State
  )");
  check("kt", R"(
    package a.b
    data class Item(val id: Int)
    class Shop { val limit = 3
      fun total(n: Int): Int { return n } }
    fun twice(n: Int) = 2 * n
  )",
        R"(
    type Item
    type Shop
    variable Shop.limit
    function Shop.total
    function twice
  )");
  check("cs", R"(
    namespace A.B { public class Shop { private int limit = 3; public int Total { get; set; }
      public Shop() {} public int Sum(int n) { return n; } } }
  )",
        R"(
    type Shop
    variable Shop.limit
    variable Shop.Total
    function Shop.Shop
    function Shop.Sum
  )");
  check("rb", R"(
    module Shop
      LIMIT = 3
      class Cart
        def total(n)
          n
        end
        def self.empty; end
      end
    end
  )",
        R"(
    type Shop
    variable Shop.LIMIT
    type Shop.Cart
    function Cart.total
    function Cart.empty
  )");
  check("lua", R"(
    local M = {}
    function M.load(path) return path end
    local function helper() end
  )",
        R"(
    variable M
    function M.load
    function helper
  )");
  check("php", R"(
    <?php
    namespace App;
    class Shop { private int $limit = 3; const MAX = 4; public function total(int $n): int { return $n; } }
    function twice($n) { return 2 * $n; }
  )",
        R"(
    type Shop
    variable Shop.limit
    variable Shop.MAX
    function Shop.total
    function twice
  )");
}

TEST(Declarations, AreShownWithoutTheBodiesOfFunctions) {
  const auto show = [](std::string_view path, std::string_view text) {
    const Language& language = *find_language("", path);
    SyntaxTree tree(language);
    const auto declarations = parse(tree, text);
    return without_bodies(text, declarations, language, declarations[0].begin, declarations[0].end);
  };
  EXPECT_EQ(show("a.cpp", "struct A {\n  int f() const { return 1; }\n  int x;\n};\n"),
            "struct A {\n  int f() const;\n  int x;\n};");
  EXPECT_EQ(show("a.py", "class A:\r\n    x = 1\r\n    def f(self):\r\n        return 1\r\n"),
            "class A:\n    x = 1\n    def f(self): ...");
  EXPECT_EQ(show("a.rb", "class A\n  def f(x)\n    x\n  end\nend\n"),
            "class A\n  def f(x); end\nend");
  EXPECT_EQ(show("a.go", "func F(x int) error {\n\treturn nil\n}\n"), "func F(x int) error");
  EXPECT_EQ(show("a.ts", "@Injectable()\nexport class A { f(): void { g(); } }\n"),
            "@Injectable()\nexport class A { f(): void; }");
}

TEST(Declarations, SurviveWhatDoesNotParse) {
  for (const std::string_view path : {"a.cpp", "a.py", "a.ts", "a.go", "a.rs", "a.rb", "a.java"}) {
    SyntaxTree tree(*find_language("", path));
    std::string nested;
    for (int i = 0; i < 200; ++i) nested += "class A { struct B {";
    for (const std::string& text :
         {std::string("class {((( def"), nested, std::string("\xff\x00{", 3)})
      parse(tree, text);
  }
}

}  // namespace
}  // namespace fathom::completion
