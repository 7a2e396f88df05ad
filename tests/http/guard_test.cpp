// Who may talk to a port of this machine.

#include "http/guard.h"

#include <gtest/gtest.h>

namespace fathom::http {
namespace {

TEST(CheckSource, LetsProgramsOfThisMachineAsk) {
  for (const char* host :
       {"localhost", "localhost:8080", "LocalHost:80", "127.0.0.1:8012", "[::1]:8012", "[::1]"}) {
    EXPECT_TRUE(check_source(host, "")) << host;
  }
}

TEST(CheckSource, RefusesNamesThatWereResolvedForSomebodyElse) {
  for (const char* host : {"", "evil.example", "evil.example:8012", "localhost.evil.example",
                           "127.0.0.1.evil.example", "[::2]:80", "[::1", "0.0.0.0:80"}) {
    EXPECT_FALSE(check_source(host, "")) << host;
  }
}

TEST(CheckSource, RefusesPagesOfOtherOrigins) {
  EXPECT_TRUE(check_source("localhost:8012", "http://localhost:8012"));
  for (const char* origin : {"http://evil.example", "https://localhost:8012",
                             "http://localhost:3000", "http://localhost", "null"}) {
    EXPECT_FALSE(check_source("localhost:8012", origin)) << origin;
  }
}

TEST(CheckSource, TakesAnyNameOfTheCertificateOnTheNetworkButNoOtherOrigin) {
  EXPECT_TRUE(check_source("gpu.example:8012", "", Reach::network));
  EXPECT_TRUE(check_source("gpu.example", "https://gpu.example", Reach::network));
  EXPECT_FALSE(check_source("gpu.example", "http://gpu.example", Reach::network));
  EXPECT_FALSE(check_source("gpu.example", "https://evil.example", Reach::network));
}

TEST(BearerToken, IsWhatFollowsTheScheme) {
  EXPECT_EQ(bearer_token("Bearer abc"), "abc");
  EXPECT_EQ(bearer_token("bearer abc"), "abc");
  EXPECT_EQ(bearer_token("Basic abc"), "");
  EXPECT_EQ(bearer_token("Bear"), "");
  EXPECT_EQ(bearer_token(""), "");
}

}  // namespace
}  // namespace fathom::http
