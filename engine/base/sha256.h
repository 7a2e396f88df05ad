// SHA-256 of bytes that come in pieces.
//
// Threads: one at a time.

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

struct evp_md_ctx_st;  // OpenSSL's; its headers stay out of this one

namespace fathom {

class Sha256 final {
 public:
  Sha256();

  void update(std::span<const std::byte> bytes);
  /// 64 lower-case hexadecimal digits; "" if OpenSSL could not compute them, which equals no hash.
  /// The object must not be used afterwards.
  std::string finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;  // null after an error
};

}  // namespace fathom
