#include "completion/remote/remote_server.h"

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

TEST(RemoteServer, IsKnownByItsOrigin) {
  EXPECT_EQ(origin_of({.url = "https://GPU.example:8443/v1"}), "https://gpu.example:8443");
  EXPECT_EQ(origin_of({}), "");
  EXPECT_EQ(origin_of({.url = "gpu.example"}), "");
}

}  // namespace
}  // namespace fathom::completion
