#include "completion/review/changed_file.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/completion/review/sample_change.h"

namespace fathom::completion {
namespace {

constexpr std::string_view kToken = "ghp_1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R";

TEST(ChangedFile, KnowsItsLines) {
  const ChangedFile file(test::change_of("a.py", "a\nc\n", "a\nb\nc\n"), SecretFinder());
  ASSERT_EQ(file.lines().size(), 3u);
  EXPECT_EQ(file.lines()[1].text, "b");
  EXPECT_TRUE(file.lines()[1].is_added);
  EXPECT_FALSE(file.lines()[2].is_added);
  EXPECT_EQ(file.lines({2, 9}).size(), 2u);
  EXPECT_TRUE(file.lines({5, 9}).empty());
  EXPECT_TRUE(file.lines({0, 0}).empty());
  EXPECT_EQ(file.bytes_of({2, 3}), (std::pair<size_t, size_t>(2, 6)));
  EXPECT_EQ(file.language()->name, "python");
}

TEST(ChangedFile, KnowsOnlyTheDiffWithoutAText) {
  std::string before, after;
  for (int i = 1; i <= 30; ++i) {
    before += std::to_string(i) + "\n";
    after += i == 20 ? "twenty\n" : std::to_string(i) + "\n";
  }
  const ChangedFile file(test::bare_change_of("a.py", before, after), SecretFinder());
  EXPECT_FALSE(file.has_text());
  ASSERT_EQ(file.lines().size(), 7u);
  EXPECT_EQ(file.lines()[0].number, 17);
  EXPECT_EQ(file.lines({20, 20})[0].text, "twenty");
}

TEST(ChangedFile, ShowsNoSecretsAndFindsThoseThatAreAdded) {
  const std::string token(kToken);
  const ChangedFile file(test::change_of("a.py", "old = '" + token + "'\n",
                                         "old = '" + token + "'\nnew = '" + token + "'\n"),
                         SecretFinder());
  EXPECT_EQ(file.lines()[0].shown.find(token), std::string::npos);
  EXPECT_EQ(file.lines()[1].shown.find(token), std::string::npos);
  EXPECT_EQ(file.lines()[1].shown.size(), file.lines()[1].text.size());
  ASSERT_EQ(file.added_secrets().size(), 1u);
  EXPECT_EQ(file.added_secrets()[0].lines.begin, 2);
}

TEST(ChangedFile, ShowsValidText) {
  const ChangedFile file(test::change_of("a.txt", "a\n", "a\ngr\xfc\xdf\n"), SecretFinder());
  EXPECT_EQ(file.lines()[1].text, "gr\xfc\xdf");
  EXPECT_EQ(file.lines()[1].shown, "gr\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(ChangedFile, KnowsWhatEnclosesALine) {
  const std::string text =
      "import os\n\nclass Stack:\n    def push(self, x):\n        self.x = x\n\n    def "
      "pop(self):\n"
      "        return self.x\n";
  const ChangedFile file(test::change_of("a.py", "", text), SecretFinder());
  EXPECT_EQ(file.enclosing(1).name, "");
  EXPECT_EQ(file.enclosing(5).name, "Stack::push");
  EXPECT_EQ(file.enclosing(5).lines.begin, 4);
  EXPECT_EQ(file.enclosing(5).lines.end, 5);
  EXPECT_EQ(file.enclosing(8).name, "Stack::pop");
}

}  // namespace
}  // namespace fathom::completion
