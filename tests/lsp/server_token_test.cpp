#include "lsp/server_token.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_dir.h"

namespace fathom::lsp {
namespace {

TEST(ServerToken, IsAnotherOneEachTime) {
  const auto first = make_token();
  const auto second = make_token();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->size(), 64u);
  EXPECT_NE(*first, *second);
}

TEST(ServerToken, IsReadByItsOwnerAlone) {
  const test::TempDir folder;
  const auto path = folder.path() / "token";
  std::ofstream(path) << "an old one that everybody could read";
  ASSERT_TRUE(write_token(path, "abc"));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  std::string line;
  std::getline(std::ifstream(path) >> std::ws, line);
  EXPECT_EQ(line, "abc");
}

TEST(ServerToken, SaysWhereItCannotBeWritten) {
  const Status written = write_token("/nowhere/token", "abc");
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().message.find("/nowhere/token"), std::string::npos);
}

TEST(ServerToken, IsComparedWhole) {
  EXPECT_TRUE(is_token("abc", "abc"));
  for (const char* wrong : {"", "ab", "abd", "xbc", "abcd"}) EXPECT_FALSE(is_token(wrong, "abc"));
}

TEST(ServerToken, OfAnotherDaemonIsNotRemoved) {
  const test::TempDir folder;
  const std::filesystem::path path = folder.path() / "token";
  ASSERT_TRUE(write_token(path, "mine"));
  remove_token(path, "other");
  EXPECT_TRUE(std::filesystem::exists(path));
  remove_token(path, "mine");
  EXPECT_FALSE(std::filesystem::exists(path));
  remove_token(path, "mine");  // that it is gone is no surprise
}

}  // namespace
}  // namespace fathom::lsp
