#include "completion/workspaces.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "completion/workspace/ignore_rules.h"
#include "completion/workspace/source_files.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;

/// A folder that is gone afterwards.
class Folder : public testing::Test {
 protected:
  Folder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::temp_directory_path() / fmt::format("fathom-{}-{}", test->name(), getpid());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~Folder() override { fs::remove_all(root_); }

  void write(const std::string& path, std::string_view text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << text;
  }
  std::vector<std::string> listed(size_t max = 1000) {
    return list_source_files(root_, max, [] { return false; }).paths;
  }

  fs::path root_;
};

using SourceFilesTest = Folder;
using WorkspacesTest = Folder;
using IgnoreRulesTest = Folder;
using Paths = std::vector<std::string>;

TEST_F(SourceFilesTest, AreThoseThatThePersonDoesNotIgnore) {
  for (const char* path :
       {"src/a.cpp", "src/b.py", "README.md", "image.png", "node_modules/x/y.js", ".hidden/a.py",
        "gen/a.py", "gen/keep.py", "vendor/v.go", "lib/min.min.js", "secrets/.env", "old/a.py",
        "sub/build.py", "sub/out.py", "data.json"})
    write(path, "x\n");
  write(".gitignore", "gen/*\n!gen/keep.py\n");
  write("sub/.gitignore", "/out.py\n");
  write(".fathomignore", "old\n!vendor/\n");
  write(".git/info/exclude", "src/b.py\n");
  EXPECT_EQ(listed(), (Paths{"gen/keep.py", "src/a.cpp", "sub/build.py", "vendor/v.go"}));
  for (const std::string& path : listed()) EXPECT_TRUE(is_wanted_source(root_, path)) << path;
  for (const char* path : {"src/b.py", "gen/a.py", "node_modules/x/y.js", ".hidden/a.py",
                           "old/a.py", "sub/out.py", "README.md", "a.pem"})
    EXPECT_FALSE(is_wanted_source(root_, path)) << path;
}

TEST_F(SourceFilesTest, DoNotLeadOutOfTheRoot) {
  const fs::path outside = root_.string() + "-outside";
  fs::create_directories(outside);
  std::ofstream(outside / "a.py") << "x = 1\n";
  write("inside.py", "x = 1\n");
  fs::create_directory_symlink(outside, root_ / "link");
  fs::create_symlink(outside / "a.py", root_ / "file.py");
  fs::create_directory_symlink(root_, root_ / "loop");
  EXPECT_EQ(listed(), Paths{"inside.py"});
  EXPECT_FALSE(is_wanted_source(root_, "link/a.py"));
  EXPECT_FALSE(is_wanted_source(root_, "file.py"));
  fs::remove_all(outside);
}

TEST_F(SourceFilesTest, StopAtTheLimitInAFixedOrder) {
  for (const char* path : {"c.py", "a.py", "b/x.py", "b.py"}) write(path, "x = 1\n");
  EXPECT_EQ(listed(2), (Paths{"a.py", "b.py"}));
  EXPECT_FALSE(list_source_files(root_, 2, [] { return false; }).complete);
  EXPECT_TRUE(list_source_files(root_, 4, [] { return false; }).complete);
  EXPECT_FALSE(list_source_files(root_, 4, [] { return true; }).complete);
  EXPECT_TRUE(list_source_files(root_ / "missing", 4, [] { return false; }).paths.empty());
}

TEST(Glob, FollowsGitignore) {
  EXPECT_TRUE(matches_glob("*.py", "a.py"));
  EXPECT_FALSE(matches_glob("*.py", "a/b.py"));
  EXPECT_TRUE(matches_glob("**/b.py", "b.py"));
  EXPECT_TRUE(matches_glob("**/b.py", "x/y/b.py"));
  EXPECT_TRUE(matches_glob("a/**/b", "a/b"));
  EXPECT_TRUE(matches_glob("a/**", "a/x/y"));
  EXPECT_FALSE(matches_glob("a/**", "a"));
  EXPECT_TRUE(matches_glob("[a-c]?[!x]", "b1y"));
  EXPECT_FALSE(matches_glob("[a-c]?[!x]", "b1x"));
  EXPECT_TRUE(matches_glob("\\*", "*"));
  EXPECT_FALSE(matches_glob("[ab", "a"));
  // Hostile: exponential for whoever backtracks without a limit.
  EXPECT_FALSE(matches_glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(200, 'a')));
}

TEST_F(IgnoreRulesTest, SayTheSameAsGit) {
  const std::string in_folder = fmt::format("cd '{}' && ", root_.string());
  if (std::system((in_folder + "git init -q . 2>/dev/null").c_str()) != 0)
    GTEST_SKIP() << "git is not installed";
  const std::string rules =
      "*.log\n!keep.log\n/top\nsub/inner.txt\nfolder/\n**/deep/*.c\na/**/z\n# comment\n\\#odd\n"
      "trailing   \nfoo[0-9].?\n!*.never\nx/*\n!x/y.c\nnested/**\n*.[oa]\n\\!bang\n";
  write(".gitignore", rules);
  const IgnoreRules ours(rules, "");
  std::string names;
  const Paths paths = {"a.log",     "keep.log", "top",      "b/top",      "sub/inner.txt",
                       "inner.txt", "folder/f", "deep/a.c", "q/deep/a.c", "q/deep/b/a.c",
                       "a/z",       "a/b/c/z",  "#odd",     "trailing",   "foo1.c",
                       "foo1.cc",   "x/y.c",    "x/z.c",    "nested/a/b", "lib.a",
                       "lib.so",    "!bang",    "b/x.o",    "comment"};
  for (const std::string& path : paths) {
    write(path, "");
    names += path + "\n";
  }
  write(".names", names);
  ASSERT_EQ(std::system(
                (in_folder + "git check-ignore --no-index --stdin < .names > .out; true").c_str()),
            0);
  std::ifstream out(root_ / ".out");
  std::set<std::string> ignored_by_git;
  for (std::string line; std::getline(out, line);) ignored_by_git.insert(line);
  EXPECT_GT(ignored_by_git.size(), 10u);
  for (const std::string& path : paths) {
    bool ignored = false;  // or a folder around it
    for (size_t slash = path.find('/'); !ignored && slash != std::string::npos;
         slash = path.find('/', slash + 1))
      ignored = ours.verdict({.path = path.substr(0, slash), .is_folder = true}) ==
                IgnoreRules::Verdict::ignored;
    ignored = ignored || ours.verdict({.path = path}) == IgnoreRules::Verdict::ignored;
    EXPECT_EQ(ignored, ignored_by_git.contains(path)) << path;
  }
}

class OpenWorkspace {
 public:
  explicit OpenWorkspace(const fs::path& root, WorkspaceLimits limits = {}, bool threads = false)
      : root_(root.string()), workspaces_({.threads = threads, .limits = limits}, log_) {
    workspaces_.open(root_);
  }
  bool declares(std::string_view name) {
    const auto workspace = workspaces_.find(root_);
    return workspace && workspace->read([&](const WorkspaceIndex* index) {
      return index && !index->symbols(name, 9, [](const SourceFile&) { return true; }).empty();
    });
  }
  WorkspaceState state() { return workspaces_.states().at(0); }
  void changed(const std::string& path) { workspaces_.file_changed(root_ + "/" + path); }
  Workspaces& operator*() { return workspaces_; }
  Workspaces* operator->() { return &workspaces_; }

 private:
  std::string root_;
  Log log_;
  Workspaces workspaces_;
};

TEST_F(WorkspacesTest, FollowFilesAsTheyChange) {
  write("a.py", "def first(): pass\n");
  write("lib/b.py", "def second(): pass\n");
  OpenWorkspace open(root_);
  EXPECT_TRUE(open.state().ready);
  EXPECT_EQ(open.state().files, 2u);
  EXPECT_TRUE(open.declares("first"));

  write("a.py", "def renamed(): pass\n");
  open.changed("a.py");
  EXPECT_FALSE(open.declares("first"));
  EXPECT_TRUE(open.declares("renamed"));

  write("c.py", "def third(): pass\n");
  open.changed("c.py");
  EXPECT_TRUE(open.declares("third"));

  fs::remove_all(root_ / "lib");
  open.changed("lib");
  EXPECT_FALSE(open.declares("second"));

  write(".gitignore", "c.py\n");
  open.changed(".gitignore");
  EXPECT_FALSE(open.declares("third"));
  write("c.py", "def again(): pass\n");
  open.changed("c.py");
  EXPECT_FALSE(open.declares("again"));

  write("new/d.py", "def fourth(): pass\n");
  open.changed("new");
  EXPECT_TRUE(open.declares("fourth"));
  open.changed("../outside.py");
  EXPECT_EQ(open.state().files, 2u);
}

TEST_F(WorkspacesTest, AreSharedUntilTheLastClientLeaves) {
  write("a.py", "def first(): pass\n");
  OpenWorkspace open(root_);
  open->open(root_.string() + "/");
  open->close(root_.string());
  EXPECT_TRUE(open.declares("first"));
  open->close(root_.string());
  EXPECT_FALSE(open.declares("first"));
  open->close(root_.string());  // one too many
  EXPECT_TRUE(open->states().empty());
  EXPECT_FALSE(open->wait_until_ready(root_.string(), std::chrono::milliseconds(0)));
}

TEST_F(WorkspacesTest, KeepToTheirLimitsAndSaySo) {
  for (int i = 0; i < 9; ++i) write(fmt::format("f{}.py", i), "def f(): pass\n");
  write("large.py", "x = 1\n" + std::string(2000, '#'));
  const auto state_of = [&](WorkspaceLimits limits) {
    OpenWorkspace open(root_, limits);
    return open.state();
  };
  EXPECT_EQ(state_of({.max_files = 4}).files, 4u);
  EXPECT_FALSE(state_of({.max_files = 4}).complete);
  EXPECT_EQ(state_of({.max_file_bytes = 1000}).left_out, 1u);
  EXPECT_TRUE(state_of({.max_file_bytes = 1000}).complete);
  EXPECT_EQ(state_of({.max_file_bytes = 1000, .max_text_bytes = 50}).files, 3u);
  EXPECT_FALSE(state_of({.max_file_bytes = 1000, .max_text_bytes = 50}).complete);
  EXPECT_EQ(state_of({.max_build_ms = -1}).files, 0u);
}

TEST_F(WorkspacesTest, MayBeReadWhileTheyAreBuiltAndUpdated) {
  for (int i = 0; i < 60; ++i)
    write(fmt::format("f{}.py", i), fmt::format("def function_{}(): pass\n", i));
  OpenWorkspace open(root_, {}, /*threads=*/true);
  std::jthread reader([&] {
    for (int i = 0; i < 200; ++i) open.declares("function_7");
  });
  for (int i = 0; i < 60; ++i) open.changed(fmt::format("f{}.py", i));
  EXPECT_TRUE(open->wait_until_ready(root_.string(), std::chrono::seconds(60)));
  EXPECT_TRUE(open.declares("function_7"));
  OpenWorkspace left_at_once(root_, {}, /*threads=*/true);
}

}  // namespace
}  // namespace fathom::completion
