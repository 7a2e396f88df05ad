// Tokens that are found in text by their spelling, before any splitting.
//
// Immutable once filled; any thread.

#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/token.h"

namespace fathom::engine {

class AddedTokens final {
 public:
  struct Match {
    size_t begin;
    size_t end;
    TokenId id;
  };

  /// `spelling` must not be empty.
  void add(std::string_view spelling, TokenId id);

  /// The first place in `text` where a token is spelled out; of several there, the longest.
  std::optional<Match> find(std::string_view text) const;

 private:
  struct Entry {
    std::string spelling;
    TokenId id;
  };
  std::array<std::vector<Entry>, 256> by_first_byte_;  // each longest first
};

}  // namespace fathom::engine
