#include "completion/privacy/secret_files.h"

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

TEST(SecretFiles, AreKnownByNameExtensionAndFolder) {
  for (const std::string_view path :
       {".env", "/a/.env.local", "C:\\b\\ID_RSA", "x/server.pem", "a.key", ".netrc", "secrets.yaml",
        "/home/u/.ssh/config", "file:///home/u/.AWS/anything", "~/.kube\\config", "prod.tfvars"}) {
    EXPECT_TRUE(is_secret_file(path)) << path;
  }
}

TEST(SecretFiles, AreNotFilesThatOnlySoundLikeIt) {
  for (const std::string_view path : {"environment.py", "key.cpp", "a.env.cpp", "pem", "", "/",
                                      "ssh/config", ".ssh", ".aws/docs/readme.md"}) {
    EXPECT_FALSE(is_secret_file(path)) << path;
  }
}

}  // namespace
}  // namespace fathom::completion
