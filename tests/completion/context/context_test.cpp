#include "completion/context/context.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/fake_generator.h"
#include "tests/support/marked_text.h"

namespace fathom::completion {
namespace {

using test::FakeGenerator;
using test::take_cursor;

struct Gathered {
  std::string head;
  std::string line;
  std::string suffix;
  std::vector<ContextPiece> pieces;
  int n_tokens = 0;
};

Gathered gather(std::string_view marked, int max_tokens, std::string_view language = "cpp") {
  static const FakeGenerator generator;
  const auto [text, cursor] = take_cursor(marked);
  const Snapshot snapshot{
      .uri = "file:///a", .path = "a", .language = std::string(language), .text = text};
  const Language* row = find_language(language, "");
  Outliner outliner(row ? *row : languages()[0]);
  const Context context =
      gather_context(snapshot, cursor, row ? &outliner : nullptr, generator.tokenizer(),
                     {.max_tokens = max_tokens, .path_line = "#a\n"});
  return {.head = generator.tokenizer().decode(context.head),
          .line = context.line,
          .suffix = generator.tokenizer().decode(context.suffix),
          .pieces = context.pieces,
          .n_tokens = static_cast<int>(context.head.size() + context.suffix.size())};
}

std::string many_lines(std::string_view line, int n) {
  std::string text;
  for (int i = 0; i < n; ++i) text += line;
  return text;
}

TEST(Context, IsTheWholeFileIfItFits) {
  const Gathered got = gather("int a;\nint b = $0;\nint c;\n", 1000);
  EXPECT_EQ(got.head, "#a\nint a;\n");
  EXPECT_EQ(got.line, "int b = ");
  EXPECT_EQ(got.suffix, "\nint c;\n");
}

TEST(Context, BeginsWithAnOutlineOfWhatIsLeftOut) {
  const std::string source =
      "#include <a.h>\nclass Grid {\n  int at(int x) { return x; }\n  void f() {\n" +
      many_lines("    g(1, 2, 3);\n", 300) + "    $0";
  const Gathered got = gather(source, 400);
  EXPECT_TRUE(got.head.starts_with(
      "#a\n#include <a.h>\nclass Grid {\n  int at(int x);\n  void f() {\n    g(1"))
      << got.head.substr(0, 200);
  EXPECT_TRUE(got.head.ends_with("    g(1, 2, 3);\n"));
}

TEST(Context, StaysWithinItsBudgetWhateverTheTextIs) {
  const std::string sources[] = {
      many_lines("int a = b + c;\n", 500) + "$0" + many_lines("int d;\n", 500),
      std::string(100000, 'x') + "$0" + std::string(100000, 'y'),
      many_lines("\xe2\x82\xac", 20000) + "$0" + many_lines("\xff", 20000),
      many_lines("{([", 30000) + "$0",
      "$0" + many_lines("\n", 5000),
  };
  for (const std::string& source : sources) {
    for (const int max_tokens : {0, 1, 10, 100, 1000}) {
      const Gathered got = gather(source, max_tokens);
      EXPECT_LE(got.n_tokens, std::max(max_tokens, 3)) << source.substr(0, 20);  // 3: the path's
    }
  }
}

TEST(Context, OfAnUnknownLanguageIsPlainText) {
  const Gathered got =
      gather(many_lines("some text here\n", 300) + "and $0 more\nend\n", 200, "markdown");
  EXPECT_TRUE(got.head.starts_with("#a\nsome text"));
  EXPECT_EQ(got.line, "and ");
  EXPECT_EQ(got.suffix, " more\nend\n");
}

TEST(Context, HasNeitherByteOrderMarkNorCarriageReturns) {
  const Gathered got = gather("\xEF\xBB\xBFint a;\r\nint b$0;\r\nint c;\r\n", 1000);
  EXPECT_EQ(got.head, "#a\nint a;\n");
  EXPECT_EQ(got.line, "int b");
  EXPECT_EQ(got.suffix, "\nint c;\n");
}

TEST(Context, HeadDoesNotChangeWhileALineIsTyped) {
  const std::string before = many_lines("int f(int a) { return a + 1; }\n", 200) + "void g() {\n";
  const std::string after = "\n}\n" + many_lines("int h();\n", 100);
  const std::string typed = "  const std::string text = to_string({1, f(2)});";
  const Gathered first = gather(before + "$0" + after, 500);
  for (size_t n = 1; n <= typed.size(); ++n) {
    const Gathered got = gather(before + typed.substr(0, n) + "$0" + after, 500);
    EXPECT_EQ(got.head, first.head);
    EXPECT_EQ(got.suffix, first.suffix);
    EXPECT_EQ(got.line, typed.substr(0, n));
  }
}

TEST(Context, SuffixDoesNotChangeWhenTheEditorClosesABracket) {
  const Gathered open = gather("int a = f$0\nint b;\n", 500);
  EXPECT_EQ(gather("int a = f($0)\nint b;\n", 500).suffix, open.suffix);
  EXPECT_EQ(gather("int a = f(g[\"$0\"]);\nint b;\n", 500).suffix, open.suffix);
  EXPECT_EQ(gather("int a = f($0) + 1;\nint b;\n", 500).suffix, ") + 1;\nint b;\n");
}

TEST(Context, KeepsALedgerOfItsPieces) {
  const Gathered got = gather("int a;\nint b = $0;\n", 1000);
  ASSERT_EQ(got.pieces.size(), 4u);
  EXPECT_EQ(got.pieces[0].kind, "path");
  EXPECT_EQ(got.pieces[1].kind, "prefix");
  EXPECT_EQ(got.pieces[1].begin, 0u);
  EXPECT_EQ(got.pieces[1].end, 7u);
  EXPECT_EQ(got.pieces[2].kind, "line");
  EXPECT_EQ(got.pieces[3].kind, "suffix");
  EXPECT_EQ(got.pieces[3].begin, 16u);
  int n_tokens = 0;
  for (const ContextPiece& piece : got.pieces) {
    EXPECT_EQ(piece.path, "a");
    EXPECT_GT(piece.tokens, 0);
    if (piece.kind != "line") n_tokens += piece.tokens;
  }
  EXPECT_EQ(n_tokens, got.n_tokens);
}

}  // namespace
}  // namespace fathom::completion
