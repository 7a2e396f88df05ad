// SHA-256 (FIPS 180-4) of bytes that come in pieces: what model hubs publish of their files.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace fathom::completion {

class Sha256 final {
 public:
  void update(std::span<const std::byte> bytes);
  /// 64 lower-case hexadecimal digits. The object must not be used afterwards.
  std::string finish();

 private:
  void block(const std::byte* bytes);

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, 64> rest_{};  // of the last block, incomplete
  uint64_t n_bytes_ = 0;
};

}  // namespace fathom::completion
