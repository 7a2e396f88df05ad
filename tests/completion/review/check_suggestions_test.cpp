#include "completion/review/check_suggestions.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/completion/review/sample_change.h"
#include "tests/support/temp_dir.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;

class CheckSuggestionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    write("a.sh", "echo 1\n");
    write("b.txt", "b\n");
    write(".gitignore", "ignored\n");
    run("git init -q . && git add -A && git -c user.name=a -c user.email=a@b commit -q -m x");
    write("a.sh", "echo 2\n");
    write("untracked", "u\n");
    write("ignored", "i\n");
    report_.files = {test::change_of("a.sh", "echo 1\n", "echo 2\n")};
    for (const char* text : {"echo 3\n", "echo 4\n"}) {
      report_.findings.push_back({.path = "a.sh",
                                  .lines = {1, 1},
                                  .suggestion = Suggestion{.lines = {1, 1}, .replacement = text}});
    }
  }
  void run(const std::string& commands) const {
    const std::string line = "cd '" + dir_.path().string() + "' && " + commands;
    ASSERT_EQ(std::system(line.c_str()), 0) << commands;  // NOLINT(concurrency-mt-unsafe)
  }
  void write(const std::string& path, std::string_view text) const {
    std::ofstream(dir_.path() / path) << text;
  }
  Result<std::string> check(const SuggestionCheck& how, const ChangeRequest& request = {}) {
    return check_suggestions(report_, *GitRepository::find(dir_.path()), request, how);
  }

  const test::TempDir dir_;
  ReviewReport report_;
};

TEST_F(CheckSuggestionsTest, KeepsThoseUnderWhichTheCommandPasses) {
  const auto output = check({.command = "sh a.sh | tee /dev/stderr | grep -q 3"});
  ASSERT_TRUE(output) << output.error().message;
  EXPECT_EQ(*output, "4\n");
  ASSERT_TRUE(report_.findings[0].suggestion);
  EXPECT_TRUE(report_.findings[0].suggestion->checked);
  EXPECT_FALSE(report_.findings[1].suggestion);
  EXPECT_EQ(report_.rejected.suggestions, 1);
}

TEST_F(CheckSuggestionsTest, RunsOnTheFilesThatWereReviewed) {
  EXPECT_TRUE(check({.command = "test -f untracked && ! test -e ignored && ! test -e .git"}));
  EXPECT_TRUE(report_.findings[0].suggestion);
  run("git add a.sh");
  EXPECT_TRUE(check({.command = "grep -q 'echo [34]' a.sh && test -f b.txt && ! test -e untracked"},
                    {ChangeRequest::Kind::staged, ""}));
  EXPECT_TRUE(report_.findings[0].suggestion);
  EXPECT_TRUE(check({.command = "grep -q 'echo [34]' a.sh && test -f b.txt && ! test -e untracked"},
                    {ChangeRequest::Kind::range, "HEAD"}));
  EXPECT_TRUE(report_.findings[0].suggestion);
}

TEST_F(CheckSuggestionsTest, NeitherWaitsForeverNorLeavesAnythingBehind) {
  const auto output = check(
      {.command = "pwd > '" + (dir_.path() / "where").string() + "'; sleep 100", .max_seconds = 1});
  ASSERT_TRUE(output);
  EXPECT_NE(output->find("was stopped after 1 s"), std::string::npos) << *output;
  EXPECT_FALSE(report_.findings[0].suggestion);
  std::string where;
  std::getline(std::ifstream(dir_.path() / "where") >> std::ws, where);
  EXPECT_FALSE(where.empty());
  EXPECT_FALSE(fs::exists(where));
}

}  // namespace
}  // namespace fathom::completion
