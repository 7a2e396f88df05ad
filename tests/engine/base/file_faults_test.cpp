#include "engine/base/file_faults.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/base/mapped_file.h"
#include "tests/support/temp_dir.h"

namespace fathom {
namespace {

class FileFaultsTest : public testing::Test {
 protected:
  FileFaultsTest() { survive_file_faults(); }
  ~FileFaultsTest() override { std::signal(SIGBUS, SIG_DFL); }

  std::filesystem::path write(const std::string& name, size_t n_pages) {
    const std::filesystem::path path = folder_.path() / name;
    std::ofstream(path, std::ios::binary) << std::string(n_pages * page_, 'x');
    return path;
  }

  const test::TempDir folder_;
  const auto static inline page_ = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
};

TEST_F(FileFaultsTest, ReadsBehindTheEndOfATruncatedFileGiveZerosAndAreKnown) {
  const std::filesystem::path path = write("file", 4);
  const Result<MappedFile> file = MappedFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  std::filesystem::resize_file(path, page_);
  EXPECT_EQ(file->bytes()[page_ - 1], std::byte{'x'});
  EXPECT_FALSE(has_faults(file->bytes()));
  EXPECT_EQ(file->bytes()[3 * page_], std::byte{0});
  EXPECT_EQ(file->bytes()[page_], std::byte{0});
  EXPECT_TRUE(has_faults(file->bytes()));
  EXPECT_FALSE(file->is_intact());
}

TEST_F(FileFaultsTest, AFileThatGrewAgainIsStillNotWhatItWas) {
  const std::filesystem::path path = write("file", 2);
  const auto written = std::filesystem::last_write_time(path);
  const Result<MappedFile> file = MappedFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  std::filesystem::resize_file(path, 0);
  EXPECT_EQ(file->bytes()[page_], std::byte{0});
  std::filesystem::resize_file(path, 2 * page_);
  std::filesystem::last_write_time(path, written);
  EXPECT_FALSE(file->is_intact());
}

TEST_F(FileFaultsTest, OtherFilesAndLaterOnesAreNotFaulty) {
  const std::filesystem::path path = write("file", 2);
  const Result<MappedFile> other = MappedFile::open(write("other", 2));
  ASSERT_TRUE(other) << other.error().message;
  {
    const Result<MappedFile> file = MappedFile::open(path);
    ASSERT_TRUE(file) << file.error().message;
    std::filesystem::resize_file(path, 0);
    EXPECT_EQ(file->bytes()[0], std::byte{0});
  }
  EXPECT_TRUE(other->is_intact());
  const Result<MappedFile> again = MappedFile::open(write("file", 2));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->bytes()[page_], std::byte{'x'});
  EXPECT_TRUE(again->is_intact());
}

using FileFaultsDeathTest = FileFaultsTest;

TEST_F(FileFaultsDeathTest, ABusErrorFromElsewhereEndsTheProcessAsBefore) {
  EXPECT_EXIT(std::raise(SIGBUS), testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace fathom
