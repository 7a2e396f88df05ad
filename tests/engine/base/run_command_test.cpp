#include "engine/base/run_command.h"

#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace fathom {
namespace {

class RunCommandTest : public ::testing::Test {
 protected:
  Result<int> run(const std::string& command, const CommandLimits& limits = {}) const {
    return run_command(command, dir_.path(), output(), limits);
  }
  std::filesystem::path output() const { return dir_.path() / "output"; }
  std::string printed() const {
    std::ostringstream text;
    text << std::ifstream(output()).rdbuf();
    return text.str();
  }

  const test::TempDir dir_;
};

TEST_F(RunCommandTest, GivesExitCodeAndOutput) {
  EXPECT_EQ(run("echo out; echo err >&2; exit 3").value(), 3);
  EXPECT_EQ(printed(), "out\nerr\n");
  EXPECT_EQ(run("true && pwd").value(), 0);
  EXPECT_EQ(printed(), std::filesystem::canonical(dir_.path()).string() + "\n");
  EXPECT_EQ(run("kill -9 $$").value(), -9);
  EXPECT_EQ(run("cat").value(), 0) << "there is nothing to read";
}

TEST_F(RunCommandTest, StopsWhatTakesTooLongWithAllThatItStarted) {
  const auto result = run("sleep 60 & echo $! > child; wait", {.time = std::chrono::seconds(0)});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  EXPECT_NE(result.error().message.find("was stopped after 0 s"), std::string::npos);
}

TEST_F(RunCommandTest, KillsWhatStaysInTheBackground) {
  ASSERT_EQ(run("(sleep 300; touch late) & echo $! > child").value(), 0);
  std::ifstream file(dir_.path() / "child");
  int child = 0;
  ASSERT_TRUE(file >> child);
  // A killed process is gone once init has taken note of it.
  while (std::filesystem::exists("/proc/" + std::to_string(child) + "/exe"))
    std::this_thread::yield();
}

TEST_F(RunCommandTest, IsInterrupted) {
  CancelSource source;
  source.cancel();
  const auto result = run("sleep 60", {.cancel = source.token()});
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("interrupted"), std::string::npos);
}

TEST_F(RunCommandTest, SaysThatItsFolderIsMissing) {
  const auto result = run_command("true", dir_.path() / "none", output(), {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace fathom
