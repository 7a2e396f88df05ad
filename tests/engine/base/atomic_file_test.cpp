#include "engine/base/atomic_file.h"

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/base/mapped_file.h"

namespace fathom {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class AtomicFileTest : public ::testing::Test {
 protected:
  AtomicFileTest()
      : folder_(fs::temp_directory_path() / ("fathom-atomic-" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~AtomicFileTest() override { fs::remove_all(folder_); }

  static Status write(AtomicFile& file, std::string_view text) {
    return file.write(std::as_bytes(std::span(text)));
  }
  std::string content() const { return read_text_file(folder_ / "x", 1 << 20).value_or("(none)"); }
  size_t n_files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  const fs::path folder_;
};

TEST_F(AtomicFileTest, AppearsWhenItIsCommittedAndNotBefore) {
  auto file = AtomicFile::create(folder_ / "x");
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE(write(*file, "new "));
  ASSERT_TRUE(write(*file, "text"));
  EXPECT_EQ(content(), "(none)");
  ASSERT_TRUE(file->commit());
  EXPECT_EQ(content(), "new text");
  EXPECT_EQ(n_files(), 1u);
}

TEST_F(AtomicFileTest, IsReadByItsOwnerAloneIfThatIsAskedFor) {
  using enum fs::perms;
  const auto readers = [&](const char* name, AtomicFile::Readers who) {
    auto file = AtomicFile::create(folder_ / name, who);
    EXPECT_TRUE(file && write(*file, "text") && file->commit_soon());
    return fs::status(folder_ / name).permissions();
  };
  EXPECT_EQ(readers("x", AtomicFile::Readers::owner), owner_read | owner_write);
  EXPECT_EQ(content(), "text");
  EXPECT_EQ(readers("y", AtomicFile::Readers::everybody),
            owner_read | owner_write | group_read | others_read);
  EXPECT_EQ(n_files(), 2u);
}

TEST_F(AtomicFileTest, LeavesTheOldFileWhereTheNewOneWasNotFinished) {
  {
    auto file = AtomicFile::create(folder_ / "x");
    ASSERT_TRUE(file && write(*file, "old") && file->commit());
  }
  {
    auto file = AtomicFile::create(folder_ / "x");
    ASSERT_TRUE(file && write(*file, "unfinished"));
  }
  EXPECT_EQ(content(), "old");
  EXPECT_EQ(n_files(), 1u);
}

// A limit on the size of files cuts a write short and refuses the next, as a full disk does.
TEST_F(AtomicFileTest, AFullDiskIsAnErrorThatLeavesNothingBehind) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small = {.rlim_cur = 1000, .rlim_max = before.rlim_max};
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  Status status;
  {
    auto file = AtomicFile::create(folder_ / "x");
    ASSERT_TRUE(file);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    status = write(*file, std::string(1500, 'x'));
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);

  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::io);
  EXPECT_THAT(status.error().message, HasSubstr("cannot be written"));
  EXPECT_EQ(n_files(), 0u);
}

TEST_F(AtomicFileTest, AMissingFolderIsAnError) {
  const auto file = AtomicFile::create(folder_ / "nowhere" / "x");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, HasSubstr("nowhere/x: cannot be created"));
}

}  // namespace
}  // namespace fathom
