#include "engine/base/mapped_file.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom {
namespace {

class MappedFileTest : public testing::Test {
 protected:
  std::filesystem::path write(std::string_view bytes) {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(testing::TempDir()) / test->name();
    std::ofstream(path_, std::ios::binary) << bytes;
    return path_;
  }
  ~MappedFileTest() override { std::filesystem::remove(path_); }

  std::filesystem::path path_;
};

std::string_view text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST_F(MappedFileTest, HoldsTheBytesOfTheFile) {
  const Result<MappedFile> file = MappedFile::open(write({"a\0b", 3}));
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(text_of(*file), std::string_view("a\0b", 3));
}

TEST_F(MappedFileTest, MovingDoesNotMoveTheBytes) {
  Result<MappedFile> file = MappedFile::open(write("bytes"));
  ASSERT_TRUE(file.has_value());
  const std::byte* const address = file->bytes().data();
  const MappedFile moved = std::move(*file);
  EXPECT_EQ(moved.bytes().data(), address);
  EXPECT_EQ(text_of(moved), "bytes");
  EXPECT_TRUE(file->bytes().empty());
}

TEST_F(MappedFileTest, AnEmptyFileHasNoBytes) {
  const Result<MappedFile> file = MappedFile::open(write(""));
  ASSERT_TRUE(file.has_value());
  EXPECT_TRUE(file->bytes().empty());
}

TEST_F(MappedFileTest, ErrorsNameTheFile) {
  const Result<MappedFile> missing = MappedFile::open("/no/such/file");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_THAT(missing.error().message, testing::HasSubstr("/no/such/file"));

  const Result<MappedFile> folder = MappedFile::open(testing::TempDir());
  ASSERT_FALSE(folder.has_value());
  EXPECT_EQ(folder.error().code, ErrorCode::io);
}

TEST_F(MappedFileTest, TextFilesHaveALimit) {
  const std::filesystem::path path = write("12345");
  EXPECT_EQ(read_text_file(path, 5), "12345");
  const Result<std::string> large = read_text_file(path, 4);
  ASSERT_FALSE(large.has_value());
  EXPECT_EQ(large.error().code, ErrorCode::unsupported);
  EXPECT_THAT(large.error().message, testing::HasSubstr("5 bytes"));
}

}  // namespace
}  // namespace fathom
