#include "completion/remote/server_url.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

using testing::HasSubstr;
using testing::Not;

/// "ORIGIN BASE", with a star for this machine; or what is wrong.
std::string check(std::string_view text) {
  const Result<ServerUrl> url = parse_server_url(text);
  if (!url) return url.error().message;
  return fmt::format("{} {}{}", url->origin(), url->base, url->is_loopback() ? "*" : "");
}

TEST(ServerUrl, IsReadAsPeopleWriteIt) {
  EXPECT_EQ(check("https://gpu.example"), "https://gpu.example ");
  EXPECT_EQ(check("https://GPU.example:443/"), "https://gpu.example ");
  EXPECT_EQ(check("http://desktop:8080"), "http://desktop:8080 ");
  EXPECT_EQ(check("https://team.example/llm/v1/"), "https://team.example /llm");
  EXPECT_EQ(check("https://[2001:db8::1]:8443/v1"), "https://[2001:db8::1]:8443 ");
}

TEST(ServerUrl, KnowsThisMachine) {
  EXPECT_EQ(check("http://localhost:8080"), "http://localhost:8080 *");
  EXPECT_EQ(check("http://127.0.0.1"), "http://127.0.0.1 *");
  EXPECT_EQ(check("http://[::1]:1"), "http://[::1]:1 *");
  EXPECT_EQ(check("http://127.0.0.1.example"), "http://127.0.0.1.example ");
  EXPECT_EQ(check("http://localhost.example"), "http://localhost.example ");
}

TEST(ServerUrl, SaysWhatIsWrongAndRepeatsNoPassword) {
  for (const char* text : {"", "gpu:8080", "ftp://gpu", "https://", "https://:80", "https://a:0",
                           "https://a:65536", "https://a:8o", "https://[::1", "https://[::1]x",
                           "https://a?b", "https://a#b", "https://a b", "https://a\nHost: b"})
    EXPECT_THAT(check(text), HasSubstr("must be http[s]://HOST")) << text;
  EXPECT_THAT(check("https://me:hunter2@gpu"), HasSubstr("remote.token_file"));
  EXPECT_THAT(check("https://me:hunter2@gpu"), Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace fathom::completion
