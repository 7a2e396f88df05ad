// Real repositories, made with the git command.

#include "completion/review/git_repository.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "completion/review/diff_parser.h"
#include "engine/base/mapped_file.h"
#include "tests/support/temp_dir.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;
using Kind = ChangeRequest::Kind;

class GitRepositoryTest : public ::testing::Test {
 protected:
  void SetUp() override { run_in(root_, "git init -q -b main ."); }

  /// Neither the user's nor the system's configuration counts.
  static void run_in(const fs::path& folder, const std::string& commands) {
    const std::string line =
        "cd '" + folder.string() +
        "' && export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_AUTHOR_NAME=a "
        "GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b && { " +
        commands + "; } >/dev/null 2>&1";
    ASSERT_EQ(std::system(line.c_str()), 0) << commands;  // NOLINT(concurrency-mt-unsafe)
  }
  void run(const std::string& commands) const { run_in(root_, commands); }
  void write(const std::string& path, std::string_view text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << text;
  }
  void commit() const { run("git add -A && git commit -q --allow-empty -m x"); }

  static ReviewInput changes_in(const fs::path& folder, const ChangeRequest& request) {
    auto repository = GitRepository::find(folder);
    EXPECT_TRUE(repository) << repository.error().message;
    auto input = repository->changes(request);
    EXPECT_TRUE(input) << input.error().message;
    return input ? *input : ReviewInput{};
  }
  ReviewInput changes(const ChangeRequest& request = {}) const {
    return changes_in(root_, request);
  }
  static std::string error_in(const fs::path& folder, const ChangeRequest& request) {
    auto repository = GitRepository::find(folder);
    auto input = repository->changes(request);
    return input ? "no error" : input.error().message;
  }

  /// Paths, with the numbers and texts of added lines: "a.c: 2 two;".
  static std::string added(const ReviewInput& input) {
    std::string result;
    for (const ReviewedFile& file : input.files) {
      EXPECT_TRUE(!file.text || fits_new_side(file.diff, *file.text)) << file.diff.new_path;
      result += fmt::format("{}:{}", file.diff.new_path, file.text ? "" : " (no text)");
      for (const Hunk& hunk : file.diff.hunks) {
        for (const DiffLine& line : hunk.lines) {
          if (line.kind == DiffLine::Kind::added)
            result += fmt::format(" {} {}{};", line.new_line, line.text,
                                  line.has_newline ? "" : " (no newline)");
        }
      }
      result += "\n";
    }
    return result;
  }
  static std::string skipped(const ReviewInput& input) {
    std::string result;
    for (const Unreviewed& file : input.skipped)
      result += file.path + ": " + file.reason + (file.is_expected ? "\n" : " (!)\n");
    return result;
  }

  const test::TempDir dir_;
  const fs::path root_ = fs::canonical(dir_.path());
};

TEST_F(GitRepositoryTest, ComparesTheWorkingTreeWithHead) {
  write("a.c", "1\n2\n3\n");
  write("b.c", "1\n");
  commit();
  write("a.c", "1\ntwo\n3\n");
  write("b.c", "1\n2\n");
  run("git add b.c");
  write("untracked.c", "1\n");
  EXPECT_EQ(added(changes()), "a.c: 2 two;\nb.c: 2 2;\n");
  EXPECT_EQ(added(changes({Kind::staged, ""})), "b.c: 2 2;\n");
}

TEST_F(GitRepositoryTest, NamesFilesOfTheWorkingTreeThatAreNotTracked) {
  write("a.c", "a\n");
  write(".gitignore", "*.o\n");
  commit();
  write("a.o", "o\n");
  write("new.c", "n\n");
  write("folder/b.c", "b\n");
  write("folder/c.c", "c\n");
  const std::string reason = ": not tracked: `git add` it to have it reviewed\n";
  EXPECT_EQ(skipped(changes()), "folder/" + reason + "new.c" + reason);
  EXPECT_EQ(added(changes()), "");
  EXPECT_EQ(skipped(changes({.kind = Kind::staged})), "");
}

TEST_F(GitRepositoryTest, SaysTheSameAsGitOfTenThousandLines) {
  std::string before, after;
  for (int i = 0; i < 12000; ++i) {
    before += "line " + std::to_string(i) + "\n";
    after += (i % 7 == 3 ? "changed " : "line ") + std::to_string(i) + "\n";
  }
  write("a.txt", before);
  commit();
  write("a.txt", after);
  run("git diff HEAD --output=../$(basename $PWD).diff");
  const fs::path diff_file = root_.string() + ".diff";
  const auto text = read_text_file(diff_file, size_t{8} << 20);
  fs::remove(diff_file);
  ASSERT_TRUE(text);
  const auto parsed = parse_diff(*text);
  ASSERT_TRUE(parsed) << parsed.error().message;
  const ReviewInput input = changes();
  ASSERT_EQ(input.files.size(), 1u);
  EXPECT_EQ(added(input_of(*parsed)).substr(16), added(input).substr(6));
}

TEST_F(GitRepositoryTest, ComparesRanges) {
  write("a.c", "1\n");
  commit();
  run("git checkout -q -b topic");
  write("a.c", "1\n2\n");
  commit();
  run("git checkout -q main");
  write("main.c", "1\n");
  commit();
  run("git checkout -q topic");
  write("a.c", "1\n2\n3\n");
  commit();
  EXPECT_EQ(added(changes({Kind::range, "HEAD~1..HEAD"})), "a.c: 3 3;\n");
  EXPECT_EQ(added(changes({Kind::range, "HEAD"})), "a.c: 3 3;\n");
  EXPECT_EQ(added(changes({Kind::range, "main...topic"})), "a.c: 2 2; 3 3;\n");
  EXPECT_EQ(added(changes({Kind::base, "main"})), "a.c: 2 2; 3 3;\n");
  EXPECT_EQ(added(changes({Kind::range, "topic..main"})), "a.c:\nmain.c: 1 1;\n");
  EXPECT_EQ(skipped(changes({Kind::range, "main..topic"})), "main.c: deleted\n");
  EXPECT_EQ(added(changes({Kind::range, "HEAD~2"})), "a.c: 1 1;\n") << "the first commit";
  run("git checkout -q main && git merge -q topic");
  EXPECT_EQ(added(changes({Kind::range, "HEAD"})), "a.c: 2 2; 3 3;\n")
      << "a merge, against its first parent";
}

TEST_F(GitRepositoryTest, KnowsTheBranchThatOthersAreComparedWith) {
  const auto branch = [this] {
    const auto repository = GitRepository::find(root_);
    const auto found = repository->default_branch();
    return found ? *found : "error: " + found.error().message;
  };
  EXPECT_TRUE(branch().starts_with("error: ")) << "there is no commit yet";
  write("a.c", "1\n");
  commit();
  run("git checkout -q -b topic");
  EXPECT_EQ(branch(), "refs/heads/main");
  run("git branch -m main master");
  EXPECT_EQ(branch(), "refs/heads/master");
  run("git update-ref refs/remotes/origin/trunk HEAD && "
      "git symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/trunk");
  EXPECT_EQ(branch(), "refs/remotes/origin/trunk");
  EXPECT_EQ(added(changes({Kind::base, branch()})), "");
  run("git update-ref -d refs/remotes/origin/trunk");
  EXPECT_EQ(branch(), "refs/heads/master") << "the remote's has gone";
}

TEST_F(GitRepositoryTest, FollowsRenamesAndLeavesOutWhatHasNoLines) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "line " + std::to_string(i) + "\n";
  write("old.c", text);
  write("gone.c", text + "gone\n");
  write("run.sh", "true\n");
  write("pic.png", std::string_view("\x89PNG\0\1\2", 7));
  write("gen.c", "1\n");
  write(".gitattributes", "gen.c linguist-generated\n*.dat -diff\n");
  write("x.dat", "text\n");
  commit();
  run("git mv old.c new.c && git rm -q gone.c && git update-index --chmod=+x run.sh && "
      "ln -s new.c link");
  run("chmod +x run.sh && git add link");
  write("new.c", text + "more\n");
  write("pic.png", std::string_view("\x89PNG\0\1\3", 7));
  write("gen.c", "2\n");
  write("x.dat", "other\n");
  const ReviewInput input = changes();
  EXPECT_EQ(added(input), "new.c: 21 more;\n");
  EXPECT_EQ(input.files.at(0).diff.status, FileDiff::Status::renamed);
  EXPECT_EQ(input.files.at(0).diff.old_path, "old.c");
  EXPECT_EQ(skipped(input),
            "gen.c: generated (.gitattributes)\ngone.c: deleted\nlink: symbolic link\n"
            "pic.png: binary\nrun.sh: no line has changed\nx.dat: binary\n");
}

TEST_F(GitRepositoryTest, ReadsAnyBytesAndLineEnds) {
  run("git config core.autocrlf false");
  write("crlf.c", "1\r\n2\r\n");
  write("latin.c", "gr\xfc\xdf\n");
  write("na\xefve \xc3\xa4.c", "1\n");
  write("end.c", "1\n2");
  commit();
  write("crlf.c", "1\r\n2\r\n3\r\n");
  write("latin.c", "gr\xfc\xdf\n\xe4\n");
  write("na\xefve \xc3\xa4.c", "1\n2\n");
  write("end.c", "1\ntwo");
  EXPECT_EQ(
      added(changes()),
      "crlf.c: 3 3;\nend.c: 2 two (no newline);\nlatin.c: 2 \xe4;\nna\xefve \xc3\xa4.c: 2 2;\n");
  run("git config core.autocrlf true");
  EXPECT_NE(added(changes()).find("crlf.c:"), std::string::npos);
}

TEST_F(GitRepositoryTest, RunsNothingThatARepositoryConfigures) {
  write("a.c", "1\n");
  commit();
  const std::string trap = "touch '" + root_.string() + ".trap'; cat";
  write(".gitattributes", "*.c filter=trap diff=trap\n");
  run("git config filter.trap.clean \"" + trap + "\" && git config filter.trap.smudge \"" + trap +
      "\" && git config diff.trap.textconv \"" + trap + "\" && git config diff.external \"" + trap +
      "\" && git config core.fsmonitor \"" + trap + "\"");
  fs::remove(root_.string() + ".trap");
  write("a.c", "1\n2\n");
  EXPECT_EQ(added(changes()), "a.c: 2 2;\n");
  EXPECT_FALSE(fs::exists(root_.string() + ".trap"));
}

TEST_F(GitRepositoryTest, WorksInEveryKindOfRepository) {
  write("a.c", "1\n");
  EXPECT_EQ(added(changes({Kind::staged, ""})), "") << "no commit yet, nothing staged";
  run("git add a.c");
  EXPECT_EQ(added(changes({Kind::staged, ""})), "a.c: 1 1;\n") << "no commit yet";
  EXPECT_EQ(added(changes()), "a.c: 1 1;\n");
  commit();
  write("a.c", "1\n2\n");
  commit();
  const fs::path other = root_.string() + "-other";

  run("git checkout -q --detach");
  EXPECT_EQ(added(changes({Kind::range, "HEAD"})), "a.c: 2 2;\n");

  run("git worktree add -q '" + other.string() + "' main");
  std::ofstream(other / "a.c") << "1\n2\n3\n";
  EXPECT_EQ(added(changes_in(other, {})), "a.c: 3 3;\n");
  fs::create_directory(other / "sub");
  EXPECT_EQ(added(changes_in(other / "sub", {})), "a.c: 3 3;\n");
  run("git worktree remove -f '" + other.string() + "'");

  run("git clone -q --bare . '" + other.string() + "'");
  EXPECT_EQ(added(changes_in(other, {Kind::range, "main~1..main"})), "a.c: 2 2;\n");
  EXPECT_NE(error_in(other, {}).find("no working tree"), std::string::npos);
  fs::remove_all(other);

  run("git clone -q --depth 1 'file://" + root_.string() + "' '" + other.string() + "'");
  EXPECT_NE(error_in(other, {Kind::range, "HEAD"}).find("shallow"), std::string::npos);
  std::ofstream(other / "a.c") << "1\n2\n3\n";
  EXPECT_EQ(added(changes_in(other, {})), "a.c: 3 3;\n");
  fs::remove_all(other);
}

TEST_F(GitRepositoryTest, NotesSubmodulesAndConflicts) {
  write("a.c", "1\n");
  commit();
  const fs::path other = root_.string() + "-sub";
  run("git clone -q . '" + other.string() + "'");
  run("git -c protocol.file.allow=always submodule add -q '" + other.string() + "' sub");
  EXPECT_EQ(skipped(changes()), "sub: submodule\n");
  commit();
  fs::remove_all(other);
  run("git checkout -q -b topic");
  write("a.c", "topic\n");
  commit();
  run("git checkout -q main");
  write("a.c", "main\n");
  commit();
  run("git merge topic || true");
  EXPECT_EQ(skipped(changes()), "a.c: has conflicts that are not resolved (!)\n");
}

TEST_F(GitRepositoryTest, SaysWhatIsWrong) {
  write("a.c", "1\n");
  commit();
  EXPECT_NE(error_in(root_, {Kind::range, "no-such"}).find("'no-such' is not a revision"),
            std::string::npos);
  EXPECT_NE(error_in(root_, {Kind::range, "HEAD..no-such"}).find("no-such"), std::string::npos);
  run("git checkout -q --orphan alone");
  write("a.c", "2\n");
  commit();
  EXPECT_NE(error_in(root_, {Kind::base, "main"}).find("no common ancestor"), std::string::npos);
}

TEST_F(GitRepositoryTest, CompletesADiffFromTheWorkingTreeWhereItFits) {
  write("a.c", "1\n2\n");
  write("b.c", "1\n2\n");
  commit();
  const std::string diff =
      "--- a/a.c\n+++ b/a.c\n@@ -1 +1,2 @@\n 1\n+2\n"
      "--- a/b.c\n+++ b/b.c\n@@ -1 +1,2 @@\n 1\n+other\n"
      "--- a/none.c\n+++ b/none.c\n@@ -1 +1,2 @@\n 1\n+2\n";
  const auto repository = GitRepository::find(root_);
  EXPECT_EQ(added(repository->complete(*parse_diff(diff))),
            "a.c: 2 2;\nb.c: (no text) 2 other;\nnone.c: (no text) 2 2;\n");
}

TEST_F(GitRepositoryTest, ListsAndReadsTheFilesOfEachState) {
  write("a.c", "1\n");
  write("dir/b.c", "22\n");
  write("gone.c", "3\n");
  run("ln -s a.c link.c");
  commit();
  run("git rm -q --cached gone.c");
  write("a.c", "staged\n");
  run("git add a.c");
  write("a.c", "now\n");
  write("untracked.c", "4\n");
  const auto repository = GitRepository::find(root_);
  const auto texts = [&](const ChangeRequest& request) {
    const auto files = repository->files(request);
    std::string result = files ? "" : files.error().message;
    for (const std::string& path : files->paths)
      result += path + " " + files->read(path, 10).value_or("unreadable\n");
    EXPECT_FALSE(files->read("a.c", 1));
    EXPECT_FALSE(files->read("none.c", 10));
    return result;
  };
  EXPECT_EQ(texts({}), "a.c now\ndir/b.c 22\n");
  EXPECT_EQ(texts({Kind::staged, ""}), "a.c staged\ndir/b.c 22\n");
  EXPECT_EQ(texts({Kind::range, "HEAD"}), "a.c 1\ndir/b.c 22\ngone.c 3\n");
  EXPECT_FALSE(repository->files({Kind::range, "none"}));
}

TEST_F(GitRepositoryTest, ReadsNoFilesThroughLinks) {
  write("a.c", "1\n");
  commit();
  const test::TempDir outside;
  std::ofstream(outside.path() / "secret.c") << "1\n2\n";
  fs::create_directory_symlink(outside.path(), root_ / "dir");
  const std::string diff = "--- a/dir/secret.c\n+++ b/dir/secret.c\n@@ -1 +1,2 @@\n 1\n+2\n";
  EXPECT_EQ(added(GitRepository::find(root_)->complete(*parse_diff(diff))),
            "dir/secret.c: (no text) 2 2;\n");
}

}  // namespace
}  // namespace fathom::completion
