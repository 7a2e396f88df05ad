#include "editors/cli/log_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_dir.h"

namespace fathom::cli {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(LogFile, AppendsLinesThatOnlyItsOwnerReads) {
  const test::TempDir folder;
  const auto path = folder.path() / "a" / "b" / "daemon.log";
  for (const char* message : {"first", "sec\x1bond"}) {
    const auto file = LogFile::open(path);
    ASSERT_TRUE(file) << file.error().message;
    Log log = file_log(*file, LogLevel::info);
    log.debug("too much");
    log.warning("{}", message);
  }
  const std::string text = read(path);
  EXPECT_NE(text.find("Z warning first\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Z warning sec?ond\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("too much"), std::string::npos);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(LogFile, KeepsOneOldFileWhenItIsFull) {
  const test::TempDir folder;
  const auto path = folder.path() / "daemon.log";
  const auto file = LogFile::open(path, /*max_bytes=*/1000);
  ASSERT_TRUE(file);
  for (int i = 0; i < 100; ++i) (*file)->write(LogLevel::info, "line " + std::to_string(i));
  EXPECT_LT(std::filesystem::file_size(path), 1100u);
  EXPECT_LT(std::filesystem::file_size(path.string() + ".1"), 1100u);
  EXPECT_NE((read(path.string() + ".1") + read(path)).find("line 99\n"), std::string::npos);
}

TEST(LogFile, SaysHowManyLinesAFullDiskCost) {
  const test::TempDir folder;
  const auto path = folder.path() / "daemon.log";
  std::filesystem::create_symlink("/dev/full", path);
  const auto file = LogFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  (*file)->write(LogLevel::info, "lost");
  (*file)->write(LogLevel::info, "lost");
  std::filesystem::remove(path);
  (*file)->write(LogLevel::info, "written");
  const std::string text = read(path);
  EXPECT_TRUE(text.starts_with("(2 lines could not be written)\n")) << text;
  EXPECT_NE(text.find("written\n"), std::string::npos);
}

TEST(LogFile, SaysWhereItCannotBe) {
  const auto file = LogFile::open("/dev/full/daemon.log");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("/dev/full"), std::string::npos);
}

}  // namespace
}  // namespace fathom::cli
