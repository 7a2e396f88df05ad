#include "engine/base/file_pages.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/base/mapped_file.h"
#include "tests/support/temp_dir.h"

namespace fathom {
namespace {

class FilePages : public testing::Test {
 protected:
  static constexpr size_t kPages = 8;
  static inline const auto kPage = static_cast<size_t>(::sysconf(_SC_PAGESIZE));

  /// Which pages of the mapping are this process's memory, as 0 and 1.
  std::string resident() const {
    uint64_t entries[kPages] = {};
    const int pagemap = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    const auto first = static_cast<off_t>(reinterpret_cast<uintptr_t>(bytes().data()) / kPage);
    EXPECT_EQ(::pread(pagemap, entries, sizeof entries, first * 8), ssize_t{sizeof entries});
    ::close(pagemap);
    std::string present;
    for (const uint64_t entry : entries) present += entry >> 63 ? '1' : '0';
    return present;
  }
  bool read_all() const {
    return std::ranges::all_of(bytes(), [](std::byte b) { return b == std::byte{'x'}; });
  }
  std::span<const std::byte> bytes() const { return file_->bytes(); }

  void SetUp() override {
    std::ofstream(folder_.path() / "file", std::ios::binary) << std::string(kPages * kPage, 'x');
    file_ = MappedFile::open(folder_.path() / "file");
    ASSERT_TRUE(file_) << file_.error().message;
    ASSERT_TRUE(read_all());
    ASSERT_EQ(resident(), "11111111");
  }

  const test::TempDir folder_;
  Result<MappedFile> file_ = fail(ErrorCode::internal, "not open yet");
};

TEST_F(FilePages, OnlyWholePagesOfThePartAreReleased) {
  release_file_pages(bytes(), bytes().subspan(kPage + 1, 4 * kPage));
  EXPECT_EQ(resident(), "11000111");
  release_file_pages(bytes(), bytes().subspan(5 * kPage + 1, kPage - 2));
  release_file_pages(bytes(), bytes().last(0));
  EXPECT_EQ(resident(), "11000111");
}

TEST_F(FilePages, WhatIsReleasedComesBack) {
  release_file_pages(bytes(), bytes());
  EXPECT_EQ(resident(), "00000000");
  EXPECT_TRUE(read_all());
}

}  // namespace
}  // namespace fathom
