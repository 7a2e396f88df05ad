#include "completion/context/cross_file.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "completion/completion_plan.h"
#include "tests/support/fake_generator.h"
#include "tests/support/marked_text.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;

class CrossFileTest : public testing::Test {
 protected:
  CrossFileTest() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::temp_directory_path() / fmt::format("fathom-{}-{}", test->name(), getpid());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~CrossFileTest() override { fs::remove_all(root_); }

  void write(const std::string& path, std::string_view text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << text;
    workspaces_->file_changed((root_ / path).string());
  }
  void index() { workspaces_->open(root_.string()); }

  static SnapshotPtr snapshot(std::string path, std::string text, uint64_t client = 0) {
    return std::make_shared<Snapshot>(Snapshot{
        .uri = "file:///" + path, .path = path, .text = std::move(text), .client = client});
  }

  CompletionRequest request(std::string path, std::string_view marked) {
    const auto [text, cursor] = test::take_cursor(marked);
    CompletionRequest request{.snapshot = snapshot(std::move(path), text)};
    request.cursor = cursor;
    request.root = root_.string();
    return request;
  }

  /// The pieces as text: "kind path:\ntext".
  std::string shown(const CompletionRequest& request, int max_tokens = 2000) {
    std::string text;
    for (const CrossFilePiece& piece : cross_file_.pieces_for(
             request, *documents_.find(*request.snapshot), generator_.tokenizer(), max_tokens))
      text += fmt::format("{} {}:\n{}", piece.kind, piece.file->path,
                          generator_.tokenizer().decode(piece.tokens));
    return text;
  }
  std::string shown(std::string path, std::string_view marked, int max_tokens = 2000) {
    return shown(request(std::move(path), marked), max_tokens);
  }

  std::vector<engine::TokenId> prompt(const CompletionRequest& request) {
    Document* document = documents_.find(*request.snapshot);
    const auto& pieces =
        cross_file_.pieces_for(request, *document, generator_.tokenizer(), cross_file_tokens(4096));
    return plan_completion(request, document, pieces, generator_.traits(), generator_.tokenizer(),
                           4096)
        .generate.prompt;
  }

  fs::path root_;
  Log log_;
  std::shared_ptr<Workspaces> workspaces_ =
      std::make_shared<Workspaces>(WorkspacesOptions{.threads = false, .limits = {}}, log_);
  SecretFinder secrets_;
  CrossFile cross_file_{workspaces_, secrets_};
  Documents documents_;
  test::FakeGenerator generator_;
};

constexpr std::string_view kCart = R"(
class Line:
    price: int

class Cart:
    lines: list[Line]

    def total(self, discount: int) -> int:
        return sum(line.price for line in self.lines) - discount

def load_cart(path: str) -> Cart:
    return Cart(path)

def unrelated():
    return 1
)";

TEST_F(CrossFileTest, ShowsWhatIsNamedAndWhatThatMentions) {
  write("shop/cart.py", kCart);
  index();
  EXPECT_EQ(
      shown("main.py", "from shop.cart import load_cart\n\ncart = load_cart('x')\nprint(cart.$0"),
      "import_decl shop/cart.py:\nclass Cart:\n    lines: list[Line]\n\n"
      "    def total(self, discount: int) -> int: ...\n"
      "import_decl shop/cart.py:\ndef load_cart(path: str) -> Cart: ...\n");
}

TEST_F(CrossFileTest, PrefersWhatIsImportedThenWhatIsNear) {
  write("a/util.py", "def convert(a):\n    return a\n");
  write("b/util.py", "def convert(b):\n    return b\n");
  write("b/near.py", "def nearby(b):\n    return b\n");
  write("c/near.py", "def nearby(c):\n    return c\n");
  index();
  EXPECT_EQ(shown("b/main.py", "from a.util import convert\n\nconvert($0"),
            "import_decl a/util.py:\ndef convert(a): ...\n");
  EXPECT_EQ(shown("b/main.py", "x = nearby($0"), "symbol b/near.py:\ndef nearby(b): ...\n");
  EXPECT_EQ(shown("b/third.py", "def nearby(own):\n    pass\n\nnearby($0"), "");
}

TEST_F(CrossFileTest, SaysNothingOfNamesThatAreEverywhere) {
  for (int i = 0; i < 5; ++i) write(fmt::format("d{}/a.py", i), "def run(self):\n    return 1\n");
  index();
  EXPECT_EQ(shown("main.py", "x.run($0"), "");
}

TEST_F(CrossFileTest, ShowsMembersThatAreNamedOfATypeThatIsTooLong) {
  std::string type = "class Big:\n";
  for (int i = 0; i < 60; ++i)
    type += fmt::format("    def method_number_{}(self, argument):\n        pass\n", i);
  write("big.py", type);
  index();
  const std::string text =
      shown("main.py", "from big import Big\nb = Big()\nb.method_number_47($0");
  EXPECT_TRUE(text.starts_with("import_decl big.py:\nclass Big:\n")) << text;
  EXPECT_NE(text.find("    def method_number_47(self, argument): ...\n"), std::string::npos)
      << text;
  EXPECT_LT(text.size(), 1000u);
}

TEST_F(CrossFileTest, KeepsThePromptsBeginWhileSomebodyTypes) {
  write("shop/cart.py", kCart);
  write("shop/report.py", "def print_report(cart, columns):\n    print(cart)\n");
  index();
  const std::string before =
      "from shop.cart import load_cart, Cart\n\ndef first():\n    return 1\n\n"
      "def main(path):\n    cart = load_cart(path)\n    ";
  const std::string typed = "print_report(cart, cart.total(3";  // names new declarations
  ASSERT_GE(typed.size(), 30u);
  // The line is behind the marker: all before it, and the suffix, stays as it is.
  const auto first = prompt(request("main.py", before + "$0\n\ndef last():\n    pass\n"));
  size_t kept = first.size();
  for (size_t n = 1; n <= typed.size(); ++n) {
    const auto next =
        prompt(request("main.py", before + typed.substr(0, n) + "$0\n\ndef last():\n    pass\n"));
    size_t same = 0;
    while (same < std::min(first.size(), next.size()) && first[same] == next[same]) ++same;
    kept = std::min(kept, same);
  }
  EXPECT_GT(first.size(), 60u);
  EXPECT_GE(kept + 3, first.size());

  // On the next lines of the same function, what is in front of the document stays.
  const std::string pieces = shown("main.py", before + "$0");
  EXPECT_FALSE(pieces.empty());
  EXPECT_EQ(shown("main.py", before + typed + "))\n    x = Line($0"), pieces);
}

TEST_F(CrossFileTest, ChoosesAgainForAnotherFunctionOtherImportsAndSavedFiles) {
  write("a.py", "def alpha(one):\n    return 1\n");
  write("b.py", "def beta(two):\n    return 2\n");
  index();
  const std::string top = "def f():\n    x = alpha(1)\n    $0";
  EXPECT_EQ(shown("main.py", top), "symbol a.py:\ndef alpha(one): ...\n");
  EXPECT_NE(
      shown("main.py", "def f():\n    x = alpha(1)\n\ndef g():\n    beta($0").find("beta(two)"),
      std::string::npos);
  EXPECT_EQ(shown("main.py", top), "symbol a.py:\ndef alpha(one): ...\n");
  EXPECT_NE(shown("main.py", "from b import beta\ndef f():\n    x = alpha(1)\n    $0").find("beta"),
            std::string::npos);
  write("a.py", "def alpha(one, more):\n    return 1\n");
  EXPECT_EQ(shown("main.py", top), "symbol a.py:\ndef alpha(one, more): ...\n");
  fs::remove(root_ / "a.py");
  workspaces_->file_changed((root_ / "a.py").string());
  EXPECT_EQ(shown("main.py", top), "");
}

TEST_F(CrossFileTest, UsesOpenDocumentsOverSavedOnesAndWithoutAWorkspace) {
  write("a.py", "def alpha(saved):\n    return 1\n");
  index();
  CompletionRequest open = request("main.py", "alpha($0");
  open.open = {snapshot("a.py", "def alpha(unsaved):\n    return 1\n")};
  EXPECT_EQ(shown(open), "open a.py:\ndef alpha(unsaved): ...\n");

  CompletionRequest other_client = request("main.py", "alpha($0");
  other_client.snapshot = snapshot("main.py", "alpha(", /*client=*/2);
  EXPECT_EQ(shown(other_client), "symbol a.py:\ndef alpha(saved): ...\n");

  CompletionRequest alone = request("other.py", "alpha($0");
  alone.root = "";
  alone.open = open.open;
  EXPECT_EQ(shown(alone), "open a.py:\ndef alpha(unsaved): ...\n");
}

TEST_F(CrossFileTest, ShowsRecentRegionsButNotWhatIsAlreadyThere) {
  const auto other =
      snapshot("notes.py", "def one():\n    first = 1\n    second = 2\n    return 3\n");
  CompletionRequest recent = request("main.py", "x = $0");
  recent.root = "";
  recent.recent = {{.snapshot = other, .begin = 0, .end = other->text.size()}};
  EXPECT_EQ(shown(recent), "recent notes.py:\n" + other->text);

  CompletionRequest repeated =
      request("copy.py", "def one():\n    first = 1\n    second = 2\n    return $0");
  repeated.root = "";
  repeated.recent = recent.recent;
  EXPECT_EQ(shown(repeated), "");
}

TEST_F(CrossFileTest, ShowsCodeThatResemblesWhatIsWritten) {
  for (int i = 0; i < 30; ++i)
    write(fmt::format("f{}.py", i), fmt::format("def other_{}(value):\n    return value\n", i));
  write("convert.py",
        "def fahrenheit_from_celsius(celsius):\n    ratio = 9 / 5\n    freezing = 32\n"
        "    return celsius * ratio + freezing\n");
  index();
  const std::string text =
      shown("main.py", "def kelvin_from_celsius(celsius):\n    freezing = 273.15\n    ratio = $0");
  EXPECT_TRUE(text.starts_with("similar convert.py:\ndef fahrenheit_from_celsius(celsius):\n"))
      << text;
}

TEST_F(CrossFileTest, MasksAndCountsSecrets) {
  const std::string key = "AKIA" + std::string("IOSFODNN7EXAMPL2");
  write("a.py", "def alpha(key=\"" + key + "\"):\n    return 1\n");
  index();
  const CompletionRequest named = request("main.py", "alpha($0");
  const auto& pieces =
      cross_file_.pieces_for(named, *documents_.find(*named.snapshot), generator_.tokenizer(), 600);
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].masked_secrets, 1);
  EXPECT_EQ(shown(named).find(key), std::string::npos);

  CompletionRequest open = request("other.py", "alpha($0");
  open.root = "";
  open.open = {snapshot("b.py", "def alpha(key=\"" + key + "\"):\n    return 1\n")};
  open.recent = {{.snapshot = open.open[0], .begin = 0, .end = 40}};
  EXPECT_NE(shown(open), "");
  EXPECT_EQ(shown(open).find(key.substr(0, 8)), std::string::npos);
  open.snapshot = snapshot("third.py", open.snapshot->text);
  open.open = {snapshot(".env", "def alpha(key):\n    return 1\n")};
  open.recent = {{.snapshot = open.open[0], .begin = 0, .end = 40}};
  EXPECT_EQ(shown(open), "");
}

TEST_F(CrossFileTest, KeepsToItsBudget) {
  std::string many;
  for (int i = 0; i < 200; ++i)
    many += fmt::format("def function_{}(first, second):\n    pass\n", i);
  write("many.py", many);
  index();
  for (const int max : {0, 10, 50, 200}) {
    const CompletionRequest named =
        request(fmt::format("m{}.py", max), "from many import *\nx = $0");
    size_t n = 0;
    for (const auto& piece : cross_file_.pieces_for(named, *documents_.find(*named.snapshot),
                                                    generator_.tokenizer(), max))
      n += piece.tokens.size();
    EXPECT_LE(n, static_cast<size_t>(max));
    EXPECT_GE(n, max == 200 ? 100u : 0u);
  }
}

}  // namespace
}  // namespace fathom::completion
