#include "completion/remote/consent.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace fathom::completion {
namespace {

constexpr std::string_view kOrigin = "https://gpu.example:8080";

class Consents : public testing::Test {
 protected:
  test::TempDir dir_;
  bool given(std::string_view origin, const std::filesystem::path& folder) {
    return consent_.answer(origin, folder) == ConsentAnswer::yes;
  }
  Status give(std::string_view origin, const std::filesystem::path& folder) {
    return consent_.record(origin, folder, ConsentAnswer::yes);
  }
  Status refuse(std::string_view origin, const std::filesystem::path& folder) {
    return consent_.record(origin, folder, ConsentAnswer::never);
  }

  Consent consent_{dir_.path() / "state/fathom/remote-consent"};
};

TEST_F(Consents, AreNotThereUntilSomeoneGivesThem) {
  EXPECT_FALSE(given(kOrigin, "/home/me/project"));
  ASSERT_TRUE(give(kOrigin, "/home/me/project"));
  EXPECT_TRUE(given(kOrigin, "/home/me/project"));
  EXPECT_EQ(Consent(consent_.file()).answer(kOrigin, "/home/me/project/"), ConsentAnswer::yes);
}

TEST_F(Consents, HoldForOneServerAndOneFolderWithWhatIsInIt) {
  ASSERT_TRUE(give(kOrigin, "/home/me/project"));
  EXPECT_TRUE(given(kOrigin, "/home/me/project/sub/folder"));
  EXPECT_FALSE(given(kOrigin, "/home/me/project2"));
  EXPECT_FALSE(given(kOrigin, "/home/me"));
  EXPECT_FALSE(given(kOrigin, "/home/me/project/../other"));
  EXPECT_FALSE(given("https://gpu.example:80801", "/home/me/project"));
  EXPECT_FALSE(given("http://gpu.example:8080", "/home/me/project"));
  EXPECT_FALSE(given("", "/home/me/project"));
}

TEST_F(Consents, KeepWhatWasGivenBefore) {
  ASSERT_TRUE(give(kOrigin, "/a b"));
  ASSERT_TRUE(give("https://other", "/c"));
  ASSERT_TRUE(give(kOrigin, "/a b"));
  EXPECT_TRUE(given(kOrigin, "/a b"));
  EXPECT_TRUE(given("https://other", "/c"));
  EXPECT_FALSE(given(kOrigin, "/c"));
}

TEST_F(Consents, ReachTheFolderThatALinkLeadsTo) {
  std::filesystem::create_directory(dir_.path() / "real");
  std::filesystem::create_directory_symlink(dir_.path() / "real", dir_.path() / "link");
  ASSERT_TRUE(give(kOrigin, dir_.path() / "link"));
  EXPECT_TRUE(given(kOrigin, dir_.path() / "real"));
}

TEST_F(Consents, AreRefusedForAFolderInsideOfOneThatHasThem) {
  ASSERT_TRUE(give(kOrigin, "/home/me"));
  ASSERT_TRUE(refuse(kOrigin, "/home/me/secret"));
  ASSERT_TRUE(give(kOrigin, "/home/me/secret/open"));
  EXPECT_TRUE(given(kOrigin, "/home/me/project"));
  EXPECT_EQ(consent_.answer(kOrigin, "/home/me/secret/x"), ConsentAnswer::never);
  EXPECT_EQ(consent_.answer("https://other", "/home/me/secret"), ConsentAnswer::none);
  EXPECT_TRUE(given(kOrigin, "/home/me/secret/open/y"));
}

TEST_F(Consents, AreWhatWasSaidLast) {
  ASSERT_TRUE(refuse(kOrigin, "/a"));
  ASSERT_TRUE(refuse(kOrigin, "/b"));
  ASSERT_TRUE(give(kOrigin, "/a"));
  EXPECT_TRUE(given(kOrigin, "/a"));
  EXPECT_EQ(consent_.answer(kOrigin, "/b"), ConsentAnswer::never);
  ASSERT_TRUE(refuse(kOrigin, "/a"));
  EXPECT_EQ(consent_.answer(kOrigin, "/a"), ConsentAnswer::never);
}

TEST_F(Consents, AreWhatAPersonWritesByHandAndNothingElse) {
  std::filesystem::create_directories(consent_.file().parent_path());
  std::ofstream(consent_.file()) << "# a note\n\nhttps://gpu.example:8080\n"
                                 << "https://gpu.example:8080 relative\n"
                                 << "https://gpu.example:8080 /srv";
  EXPECT_TRUE(given(kOrigin, "/srv/x"));
  EXPECT_FALSE(given(kOrigin, "/"));
  EXPECT_FALSE(given(kOrigin, "relative"));
  EXPECT_FALSE(give(kOrigin, "/evil\nhttps://gpu.example:8080 /home"));
}

}  // namespace
}  // namespace fathom::completion
