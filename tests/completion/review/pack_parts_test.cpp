#include "completion/review/pack_parts.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/completion/review/sample_change.h"

namespace fathom::completion {
namespace {

class PackPartsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto tokenizer = engine::Tokenizer::load("tests/data/tokenizer-tiny/tokenizer.json");
    ASSERT_TRUE(tokenizer);
    tokenizer_ = *tokenizer;
  }

  /// The parts' lines: "10+ 11 ; 40+", with "." behind lines around the hunks and "-" for removed
  /// ones. Every added line must be in exactly one part, and no part too large.
  std::string packed(const ReviewedFile& file, int max_tokens) {
    const ChangedFile changed(file, secrets_);
    std::string result;
    std::set<int> added;
    for (const PromptPart& part : pack_parts(changed, secrets_, *tokenizer_, max_tokens)) {
      if (!result.empty()) result += "; ";
      size_t n_tokens = 0;
      for (const ShownLine& line : part.lines) {
        n_tokens += tokenizer_->encode(rendered(line)).size();
        result += line.number == 0 ? "-" : std::to_string(line.number);
        result += std::string(line.is_added ? "+" : "") + (line.is_in_hunk ? " " : ". ");
        if (line.is_added && line.is_in_hunk) {
          EXPECT_TRUE(added.insert(line.number).second) << line.number << " twice";
        }
      }
      EXPECT_LE(n_tokens, static_cast<size_t>(max_tokens));
    }
    for (const ChangedFile::Line& line : changed.lines())
      if (line.is_added) {
        EXPECT_TRUE(added.contains(line.number)) << line.number << " is in no part";
      }
    return result;
  }

  const SecretFinder secrets_;
  std::shared_ptr<const engine::Tokenizer> tokenizer_;
};

std::string numbered(int n) {
  std::string text;
  for (int i = 1; i <= n; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

std::string replaced(std::string text, std::string_view part, std::string_view by) {
  return text.replace(text.find(part), part.size(), by);
}

TEST_F(PackPartsTest, PutsHunksTogetherWhileThereIsRoom) {
  const std::string before = numbered(60);
  const std::string after =
      replaced(replaced(before, "line 10\n", "ten\n"), "line 40\n", "forty\n");
  const ReviewedFile file = test::change_of("a.txt", before, after);
  EXPECT_EQ(packed(file, 1000), "7 8 9 - 10+ 11 12 13 37 38 39 - 40+ 41 42 43 ");
  EXPECT_EQ(packed(file, 120), "7 8 9 - 10+ 11 12 13 ; 37 38 39 - 40+ 41 42 43 ");
}

TEST_F(PackPartsTest, LeavesOutHunksThatOnlyRemove) {
  const std::string before = numbered(9);
  EXPECT_EQ(packed(test::change_of("a.txt", before, replaced(before, "line 5\n", "")), 1000), "");
}

TEST_F(PackPartsTest, CutsAHunkThatIsTooLargeAndRepeatsItsLastLines) {
  const std::string parts = packed(test::change_of("a.txt", "", numbered(40)), 200);
  EXPECT_EQ(parts.substr(0, 9), "1+ 2+ 3+ ");
  const size_t second = parts.find("; ");
  ASSERT_NE(second, std::string::npos);
  const std::string again = parts.substr(second + 2, parts.find(' ', second + 2) - second - 2);
  EXPECT_TRUE(again.ends_with("+.")) << again;
  packed(test::change_of("a.txt", "", numbered(3000)), 64);
}

TEST_F(PackPartsTest, CutsALineThatIsTooLarge) {
  const ReviewedFile file =
      test::change_of("a.txt", "", "a\n" + std::string(100000, 'x') + "\nb\n");
  for (const int max_tokens : {64, 3000}) {
    packed(file, max_tokens);
    const ChangedFile changed(file, secrets_);
    const auto parts = pack_parts(changed, secrets_, *tokenizer_, max_tokens);
    bool is_cut = false;
    for (const PromptPart& part : parts)
      for (const ShownLine& line : part.lines) is_cut |= line.number == 2 && line.is_cut;
    EXPECT_TRUE(is_cut) << max_tokens;
  }
}

TEST_F(PackPartsTest, ShowsTheFunctionAroundAHunk) {
  std::string before = "def f(a):\n";
  for (int i = 0; i < 10; ++i) before += "    a += " + std::to_string(i) + "\n";
  before += "    return a\n\n\ndef g():\n    pass\n";
  const std::string after = replaced(before, "a += 6\n", "a -= 6\n");
  EXPECT_EQ(packed(test::change_of("a.py", before, after), 1000),
            "1. 2. 3. 4. 5 6 7 - 8+ 9 10 11 12. ");
  EXPECT_EQ(packed(test::bare_change_of("a.py", before, after), 1000), "5 6 7 - 8+ 9 10 11 ");
}

}  // namespace
}  // namespace fathom::completion
