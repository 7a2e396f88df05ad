#include "engine/base/detached_process.h"

#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/temp_dir.h"

namespace fathom {
namespace {

int exit_code_of(int64_t pid) {
  while (true) {
    if (const std::optional<int> code = take_exit_code(pid)) return *code;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(DetachedProcess, RunsInTheRootFolderInASessionOfItsOwnAndWritesToItsOutput) {
  const test::TempDir folder;
  const auto output = folder.path() / "output";
  const auto pid = start_detached(
      "/bin/sh", {"-c", "pwd; echo $0 >&2; cut -d' ' -f6 /proc/$$/stat; exit 7", "name"}, output);
  ASSERT_TRUE(pid) << pid.error().message;
  EXPECT_EQ(exit_code_of(*pid), 7);
  EXPECT_EQ(text_of(output), "/\nname\n" + std::to_string(*pid) + "\n");
}

TEST(DetachedProcess, ReadsNothingAndHoldsNoneOfOurFiles) {
  const test::TempDir folder;
  const auto output = folder.path() / "output";
  const int kept_open = ::dup(1);
  const auto pid = start_detached("/bin/sh", {"-c", "cat; ls /proc/self/fd | wc -l"}, output);
  ::close(kept_open);
  ASSERT_TRUE(pid) << pid.error().message;
  EXPECT_EQ(exit_code_of(*pid), 0);
  // The three, the pipe that ls writes to is one of them, and the folder that ls reads.
  EXPECT_EQ(text_of(output), "4\n");
}

TEST(DetachedProcess, ReplacesTheOutputThatIsThere) {
  const test::TempDir folder;
  const auto output = folder.path() / "output";
  std::ofstream(output) << "before\n";
  const auto pid = start_detached("/bin/echo", {"after"}, output);
  ASSERT_TRUE(pid) << pid.error().message;
  EXPECT_EQ(exit_code_of(*pid), 0);
  EXPECT_EQ(text_of(output), "after\n");
}

TEST(DetachedProcess, SaysWhatCouldNotBeStarted) {
  const auto no_program = start_detached("/nonexistent/program", {}, "");
  ASSERT_FALSE(no_program);
  EXPECT_EQ(no_program.error().code, ErrorCode::io);
  EXPECT_NE(no_program.error().message.find("/nonexistent/program"), std::string::npos);
  EXPECT_FALSE(start_detached("/bin/true", {}, "/nonexistent/folder/output"));
}

TEST(DetachedProcess, TellsTheSignalThatKilledIt) {
  const auto pid = start_detached("/bin/sh", {"-c", "kill -9 $$"}, "");
  ASSERT_TRUE(pid) << pid.error().message;
  EXPECT_EQ(exit_code_of(*pid), -9);
}

}  // namespace
}  // namespace fathom
