#include "engine/base/sha256.h"

#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace fathom {

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) context_.reset();
}

void Sha256::update(std::span<const std::byte> bytes) {
  if (context_ && EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1)
    context_.reset();
}

std::string Sha256::finish() {
  std::array<unsigned char, 32> digest{};
  if (!context_ || EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) != 1) return {};
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

}  // namespace fathom
