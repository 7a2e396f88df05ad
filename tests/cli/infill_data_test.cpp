#include "editors/cli/infill_data.h"

#include <fstream>

#include <gtest/gtest.h>
#include <zlib.h>

namespace fathom::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTask = R"({"prompt": "a", "suffix": "c", "canonical_solution": "b"})";

class InfillData : public testing::Test {
 protected:
  fs::path write(std::string_view bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
    return path_;
  }
  fs::path write_gz(std::string_view text, size_t cut_bytes = 0) {
    gzFile file = gzopen(path_.c_str(), "wb");
    gzwrite(file, text.data(), unsigned(text.size()));
    gzclose(file);
    fs::resize_file(path_, fs::file_size(path_) - cut_bytes);
    return path_;
  }
  ~InfillData() override { fs::remove(path_); }

  fs::path path_ = fs::temp_directory_path() /
                   fmt::format("fathom-infill-{}-{}", getpid(),
                               testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(InfillData, IsReadLineByLine) {
  const auto tasks = read_infill_tasks(write(fmt::format("{}\n\n{}", kTask, kTask)));
  ASSERT_TRUE(tasks) << tasks.error().message;
  ASSERT_EQ(tasks->size(), 2);
  EXPECT_EQ(tasks->at(1).prefix, "a");
  EXPECT_EQ(tasks->at(1).middle, "b");
  EXPECT_EQ(tasks->at(1).suffix, "c");
}

TEST_F(InfillData, MayBeGzipped) {
  const auto tasks = read_infill_tasks(write_gz(fmt::format("{}\n", kTask)));
  ASSERT_TRUE(tasks) << tasks.error().message;
  EXPECT_EQ(tasks->size(), 1);
}

TEST_F(InfillData, NamesTheLineThatIsWrong) {
  for (const char* bad :
       {"{", "[]", "3", R"({"prompt": "a", "suffix": 1, "canonical_solution": "b"})"}) {
    const auto tasks = read_infill_tasks(write(fmt::format("{}\n{}\n", kTask, bad)));
    ASSERT_FALSE(tasks) << bad;
    EXPECT_EQ(tasks.error().code, ErrorCode::corrupt);
    EXPECT_NE(tasks.error().message.find("line 2"), std::string::npos) << tasks.error().message;
  }
}

TEST_F(InfillData, RefusesATruncatedArchive) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += fmt::format("{}\n", kTask);
  const auto tasks = read_infill_tasks(write_gz(text, 20));
  ASSERT_FALSE(tasks);
  EXPECT_EQ(tasks.error().code, ErrorCode::corrupt);
}

TEST_F(InfillData, RefusesAnEmptyOrMissingFile) {
  EXPECT_FALSE(read_infill_tasks(write("")));
  EXPECT_EQ(read_infill_tasks("/nonexistent").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace fathom::cli
