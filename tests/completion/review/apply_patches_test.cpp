#include "completion/review/apply_patches.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "engine/base/mapped_file.h"
#include "tests/completion/review/sample_change.h"
#include "tests/support/temp_dir.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;

class ApplyPatchesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const std::string name : {"a.c", "b.c"}) {
      write(name, "int a;\r\n");
      report_.files.push_back(test::change_of(name, "", "int a;\r\n"));
      report_.findings.push_back(
          {.path = name,
           .lines = {1, 1},
           .suggestion = Suggestion{.lines = {1, 1}, .replacement = "int b;\r\n"}});
    }
  }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(dir_.path() / name, std::ios::binary) << text;
  }
  std::string read(const std::string& name) const {
    return read_text_file(dir_.path() / name, 1000).value();
  }
  Status apply() const {
    return apply_patches(report_, make_patches(report_, [](const Finding&) { return true; }),
                         dir_.path());
  }

  const test::TempDir dir_;
  ReviewReport report_;
};

TEST_F(ApplyPatchesTest, ChangesFilesAndKeepsTheirModes) {
  fs::permissions(dir_.path() / "a.c", fs::perms::owner_all);
  ASSERT_TRUE(apply());
  EXPECT_EQ(read("a.c"), "int b;\r\n");
  EXPECT_EQ(read("b.c"), "int b;\r\n");
  EXPECT_EQ(fs::status(dir_.path() / "a.c").permissions(), fs::perms::owner_all);
}

TEST_F(ApplyPatchesTest, ChangesNothingIfOneFileIsNotWhatWasReviewed) {
  write("b.c", "int a; \r\n");
  const Status applied = apply();
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().message, "b.c is not what was reviewed; nothing has been changed");
  EXPECT_EQ(read("a.c"), "int a;\r\n");
}

TEST_F(ApplyPatchesTest, FollowsNoLinks) {
  write("elsewhere", "int a;\r\n");
  fs::remove(dir_.path() / "b.c");
  fs::create_symlink("elsewhere", dir_.path() / "b.c");
  EXPECT_FALSE(apply());
  EXPECT_EQ(read("elsewhere"), "int a;\r\n");
}

}  // namespace
}  // namespace fathom::completion
