#include "completion/remote/remote_server.h"

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

TEST(RemoteServer, IsKnownByItsOrigin) {
  EXPECT_EQ(origin_of({.url = "https://GPU.example:8443/v1"}), "https://gpu.example:8443");
  EXPECT_EQ(origin_of({}), "");
  EXPECT_EQ(origin_of({.url = "gpu.example"}), "");
}

TEST(RemoteServer, IsReadOnTheWayWithoutTlsToAnotherMachine) {
  EXPECT_TRUE(is_unencrypted("http://gpu.example:8080"));
  EXPECT_FALSE(is_unencrypted("https://gpu.example:8080"));
  EXPECT_FALSE(is_unencrypted("http://127.0.0.1:8080"));
  EXPECT_FALSE(is_unencrypted("http://[::1]:8080"));
  EXPECT_FALSE(is_unencrypted(""));
}

}  // namespace
}  // namespace fathom::completion
