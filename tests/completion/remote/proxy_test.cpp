#include "completion/remote/proxy.h"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

using testing::HasSubstr;
using testing::Not;

/// The proxy's origin, "" for none, or what is wrong.
std::string check(std::string_view server, const std::map<std::string, std::string>& variables) {
  const auto environment = [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  };
  const auto proxy = proxy_for(parse_server_url(server).value(), environment);
  if (!proxy) return proxy.error().message;
  return *proxy ? (*proxy)->origin() : "";
}

TEST(Proxy, IsTheOneThatTheEnvironmentNames) {
  EXPECT_EQ(check("https://a.example", {}), "");
  EXPECT_EQ(check("https://a.example", {{"HTTPS_PROXY", "http://proxy:3128"}}),
            "http://proxy:3128");
  EXPECT_EQ(check("https://a.example", {{"https_proxy", "proxy:3128/"}, {"HTTPS_PROXY", "x:1"}}),
            "http://proxy:3128");
  EXPECT_EQ(check("http://a.example", {{"http_proxy", "proxy:3128"}}), "http://proxy:3128");
  EXPECT_EQ(check("http://a.example", {{"HTTP_PROXY", "proxy:3128"}, {"https_proxy", "p:1"}}), "");
}

TEST(Proxy, IsNotAskedForThisMachineOrWhatIsLeftOut) {
  const std::string proxy = "proxy:3128";
  EXPECT_EQ(check("https://localhost", {{"https_proxy", proxy}}), "");
  EXPECT_EQ(check("https://[::1]", {{"https_proxy", proxy}}), "");
  for (const char* list : {"*", "a.example", ".example", "x, example", "b,a.example"})
    EXPECT_EQ(check("https://a.example", {{"https_proxy", proxy}, {"no_proxy", list}}), "") << list;
  for (const char* list : {"", ",", "ample", "b.a.example", "example.a"})
    EXPECT_EQ(check("https://a.example", {{"https_proxy", proxy}, {"NO_PROXY", list}}),
              "http://proxy:3128")
        << list;
}

TEST(Proxy, ThatCannotBeUsedIsSaidWithoutItsPassword) {
  EXPECT_THAT(check("https://a.example", {{"https_proxy", "http://me:hunter2@proxy"}}),
              testing::AllOf(HasSubstr("https_proxy"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(check("https://a.example", {{"https_proxy", "socks5://proxy"}}),
              HasSubstr("must be http://"));
}

}  // namespace
}  // namespace fathom::completion
