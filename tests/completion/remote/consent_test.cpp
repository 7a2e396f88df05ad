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
  Consent consent_{dir_.path() / "state/fathom/remote-consent"};
};

TEST_F(Consents, AreNotThereUntilSomeoneGivesThem) {
  EXPECT_FALSE(consent_.given(kOrigin, "/home/me/project"));
  ASSERT_TRUE(consent_.give(kOrigin, "/home/me/project"));
  EXPECT_TRUE(consent_.given(kOrigin, "/home/me/project"));
  EXPECT_TRUE(Consent(consent_.file()).given(kOrigin, "/home/me/project/"));
}

TEST_F(Consents, HoldForOneServerAndOneFolderWithWhatIsInIt) {
  ASSERT_TRUE(consent_.give(kOrigin, "/home/me/project"));
  EXPECT_TRUE(consent_.given(kOrigin, "/home/me/project/sub/folder"));
  EXPECT_FALSE(consent_.given(kOrigin, "/home/me/project2"));
  EXPECT_FALSE(consent_.given(kOrigin, "/home/me"));
  EXPECT_FALSE(consent_.given(kOrigin, "/home/me/project/../other"));
  EXPECT_FALSE(consent_.given("https://gpu.example:80801", "/home/me/project"));
  EXPECT_FALSE(consent_.given("http://gpu.example:8080", "/home/me/project"));
  EXPECT_FALSE(consent_.given("", "/home/me/project"));
}

TEST_F(Consents, KeepWhatWasGivenBefore) {
  ASSERT_TRUE(consent_.give(kOrigin, "/a b"));
  ASSERT_TRUE(consent_.give("https://other", "/c"));
  ASSERT_TRUE(consent_.give(kOrigin, "/a b"));
  EXPECT_TRUE(consent_.given(kOrigin, "/a b"));
  EXPECT_TRUE(consent_.given("https://other", "/c"));
  EXPECT_FALSE(consent_.given(kOrigin, "/c"));
}

TEST_F(Consents, ReachTheFolderThatALinkLeadsTo) {
  std::filesystem::create_directory(dir_.path() / "real");
  std::filesystem::create_directory_symlink(dir_.path() / "real", dir_.path() / "link");
  ASSERT_TRUE(consent_.give(kOrigin, dir_.path() / "link"));
  EXPECT_TRUE(consent_.given(kOrigin, dir_.path() / "real"));
}

TEST_F(Consents, AreWhatAPersonWritesByHandAndNothingElse) {
  std::filesystem::create_directories(consent_.file().parent_path());
  std::ofstream(consent_.file()) << "# a note\n\nhttps://gpu.example:8080\n"
                                 << "https://gpu.example:8080 relative\n"
                                 << "https://gpu.example:8080 /srv";
  EXPECT_TRUE(consent_.given(kOrigin, "/srv/x"));
  EXPECT_FALSE(consent_.given(kOrigin, "/"));
  EXPECT_FALSE(consent_.given(kOrigin, "relative"));
  EXPECT_FALSE(consent_.give(kOrigin, "/evil\nhttps://gpu.example:8080 /home"));
}

}  // namespace
}  // namespace fathom::completion
