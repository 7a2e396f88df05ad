#include "engine/base/sha256.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace fathom {
namespace {

std::string hash_of(const std::string& text, size_t piece) {
  Sha256 hash;
  for (size_t at = 0; at < text.size(); at += piece)
    hash.update(std::as_bytes(std::span(text)).subspan(at, std::min(piece, text.size() - at)));
  return hash.finish();
}

// FIPS 180-4 and NIST's examples.
TEST(Sha256, GivesTheHashesOfTheStandard) {
  EXPECT_EQ(hash_of("", 1), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash_of("abc", 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 7),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash_of(std::string(1000000, 'a'), 4096),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnThePieces) {
  for (size_t n : {55, 56, 63, 64, 65, 119, 120, 128})
    EXPECT_EQ(hash_of(std::string(n, 'x'), 1), hash_of(std::string(n, 'x'), n)) << n;
}

}  // namespace
}  // namespace fathom
