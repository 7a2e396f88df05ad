#include "completion/review/used_declarations.h"

#include <string>

#include <gtest/gtest.h>

#include "completion/review/index_around.h"
#include "tests/completion/review/sample_change.h"
#include "tests/completion/review/sample_repository.h"

namespace fathom::completion {
namespace {

class UsedDeclarationsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto tokenizer = engine::Tokenizer::load("tests/data/tokenizer-tiny/tokenizer.json");
    ASSERT_TRUE(tokenizer);
    tokenizer_ = *tokenizer;
  }

  /// What is shown behind the first hunk of the change.
  std::string shown(const std::string& path, const std::string& before, const std::string& after,
                    test::Texts texts = {}, int max_tokens = 1000) {
    texts[path] = after;
    const ReviewedFile change = test::change_of(path, before, after);
    ReviewInput input;
    input.files.push_back(change);
    const auto around = index_around(input, test::files_of(texts), secrets_);
    const ChangedFile file(change, secrets_);
    PromptPart part{.file = &file, .lines = shown_lines(file.diff().hunks.front(), file, secrets_)};
    const std::string text = rendered(used_declarations(part, *around, *tokenizer_, max_tokens));
    EXPECT_LE(tokenizer_->encode(text).size(), static_cast<size_t>(max_tokens));
    return text;
  }

  const SecretFinder secrets_;
  std::shared_ptr<const engine::Tokenizer> tokenizer_;
};

const std::string kHead =
    "\nWhat these lines use, declared elsewhere and not part of the change:\n";

TEST_F(UsedDeclarationsTest, ShowsHowWhatIsCalledIsDeclared) {
  EXPECT_EQ(shown("a.py", "import util\n", "import util\nx = util.parse('1')\n",
                  {{"util.py",
                    "def parse(text, base=10):\n    return int(text, base)\n\n"
                    "def other():\n    pass\n"}}),
            kHead +
                "File: util.py\n"
                "      : def parse(text, base=10): ...\n");
}

TEST_F(UsedDeclarationsTest, ShowsOfTheSameFileWhatThePartDoesNot) {
  const std::string helper = "int twice(int a) {\n  return 2 * a;\n}\n";
  const std::string blank(12, '\n');
  EXPECT_EQ(shown("a.c", helper + blank + "int x;\n", helper + blank + "int x = twice(1);\n"),
            kHead +
                "File: a.c\n"
                "      : int twice(int a);\n");
  EXPECT_EQ(shown("a.c", helper + "int x;\n", helper + "int x = twice(1);\n"), "")
      << "it is in the hunk";
}

TEST_F(UsedDeclarationsTest, ShowsAMethodInItsType) {
  const std::string text = shown(
      "a.cpp", "#include \"stack.h\"\n", "#include \"stack.h\"\nvoid f(Stack& s) { s.push(1); }\n",
      {{"stack.h", "struct Stack {\n  void push(int value);\n  int size_;\n};\n"}});
  EXPECT_NE(text.find("      :   void push(int value);\n"), std::string::npos) << text;
  EXPECT_NE(text.find("      : struct Stack {\n"), std::string::npos) << text;
}

TEST_F(UsedDeclarationsTest, ShowsWhatIsCalledFirstAndKeepsToItsTokens) {
  const test::Texts texts{{"util.h", "int first(int a);\nextern int second;\nint third(long " +
                                         std::string(300, 'x') + ");\n"}};
  const std::string before = "#include \"util.h\"\n";
  const std::string after = before + "int a = second; int b = first(third(1));\n";
  const std::string all = shown("a.cpp", before, after, texts);
  EXPECT_NE(all.find("third"), std::string::npos) << all;
  const std::string few = shown("a.cpp", before, after, texts, 90);
  EXPECT_NE(few.find("int first(int a);"), std::string::npos) << few;
  EXPECT_EQ(few.find("third"), std::string::npos) << few;
  EXPECT_EQ(shown("a.cpp", before, after, texts, 5), "");
}

TEST_F(UsedDeclarationsTest, MasksSecretsAndLetsNothingLookLikeCodeUnderReview) {
  const std::string token = "ghp_1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R";
  const std::string text =
      shown("a.py", "import util\n", "import util\nutil.parse(1)\n",
            {{"util.py", "def parse(text,\n    2 + key='" + token + "'):\n    pass\n\x1b[2J\n"}});
  EXPECT_EQ(text.find(token), std::string::npos) << text;
  EXPECT_EQ(text.find("\n    2 + "), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
}

TEST_F(UsedDeclarationsTest, SaysNothingOfALanguageThatIsNotParsed) {
  EXPECT_EQ(shown("a.txt", "x\n", "f(x)\n", {{"b.txt", "f\n"}}), "");
}

}  // namespace
}  // namespace fathom::completion
