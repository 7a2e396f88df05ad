// Token ids by their bytes or spelling. A flat hash table: a vocabulary has 150 thousand entries
// and loading one looks up 800 thousand, so each lookup should touch memory twice, not five times.
//
// Not changed after filling: then any thread.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/token.h"

namespace fathom::engine {

class TokenIndex final {
 public:
  /// For at most `n` tokens.
  explicit TokenIndex(size_t n = 0);

  /// The first token of a text counts. `text` must outlive the index.
  void add(std::string_view text, TokenId id);
  std::optional<TokenId> find(std::string_view text) const;

 private:
  struct Slot {
    const char* text = nullptr;  // null: free
    uint32_t size = 0;
    TokenId id = 0;
  };
  size_t slot_of(std::string_view text) const;

  std::vector<Slot> slots_;  // a power of two, more than half of them free
};

}  // namespace fathom::engine
