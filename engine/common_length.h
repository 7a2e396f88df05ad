#pragma once

#include <algorithm>
#include <span>

#include "engine/token.h"

namespace fathom::engine {

/// Number of equal tokens at the start of both.
inline int common_length(std::span<const TokenId> a, std::span<const TokenId> b) {
  return static_cast<int>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

}  // namespace fathom::engine
