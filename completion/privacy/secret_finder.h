// Finds credentials in text: API keys, tokens, passwords in URLs, private keys.
//
// A pass over the text looks for the keywords of all rules at once; only lines that hold one are
// matched against that rule's pattern. So a text without secrets costs about a nanosecond a byte.
//
// Immutable to its users; any thread.

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::completion {

struct Secret {
  std::string_view rule;  // name of the row in secret_rules.cpp, or "private-key"
  size_t begin = 0;       // byte range
  size_t end = 0;

  bool operator==(const Secret&) const = default;
};

class SecretFinder final {
 public:
  SecretFinder();
  ~SecretFinder();

  /// Ascending, not overlapping. `text` may be any bytes. Secrets are looked for in ASCII only.
  std::vector<Secret> find(std::string_view text) const;

 private:
  class Impl;
  std::unique_ptr<const Impl> impl_;
};

/// The same number of bytes, every byte of each secret replaced by '*': offsets stay what they are.
std::string with_secrets_masked(std::string_view text, const std::vector<Secret>& secrets);

/// Whether `inserted`, put at `cursor` of `text`, makes or completes a secret that `text` does not
/// hold already.
bool adds_secret(std::string_view text, size_t cursor, std::string_view inserted,
                 const SecretFinder& finder);

}  // namespace fathom::completion
