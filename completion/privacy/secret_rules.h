// What secrets look like: one row for each kind of key or token.
//
// Shapes are those that the issuers document; the approach (a keyword first, then a pattern, then
// the entropy of what matched) is that of gitleaks. Keys of the same shape share a row.

#pragma once

#include <span>
#include <string_view>

namespace fathom::completion {

struct SecretRule {
  std::string_view name;      // "github-token"
  std::string_view keywords;  // lower case, between spaces; one of them is in or near the secret
  /// Matches the secret itself in a line of ASCII; what only surrounds it is left of \K or in a
  /// lookahead.
  std::string_view pattern;
  double min_entropy = 0;  // Shannon's, of the match's bytes, in bits a byte
};

std::span<const SecretRule> secret_rules();

}  // namespace fathom::completion
