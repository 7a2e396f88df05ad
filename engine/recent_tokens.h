// The texts that were generated last, one behind the other, as material for look_up().
//
// Engine thread only. Allocates when it is made.

#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "engine/token.h"

namespace fathom::engine {

class RecentTokens final {
 public:
  /// Remembers at least `n_tokens`, as long as no text is longer.
  explicit RecentTokens(int n_tokens) : capacity_(2 * static_cast<size_t>(n_tokens)) {
    tokens_.reserve(capacity_);
  }

  /// Only the beginning of a text that is too long.
  void add(std::span<const TokenId> text) {
    text = text.first(std::min(text.size(), capacity_ / 2 - 1));
    if (tokens_.size() + text.size() + 1 > capacity_) {  // the older half goes
      tokens_.erase(tokens_.begin(), tokens_.end() - std::ssize(tokens_) / 2);
    }
    tokens_.insert(tokens_.end(), text.begin(), text.end());
    tokens_.push_back(kSeparator);
  }

  void clear() { tokens_.clear(); }

  /// Oldest first, kSeparator behind each; the first may lack its beginning.
  std::span<const TokenId> tokens() const { return tokens_; }

  static constexpr TokenId kSeparator = -1;

 private:
  const size_t capacity_;
  std::vector<TokenId> tokens_;
};

}  // namespace fathom::engine
