#include "engine/look_up.h"

#include <algorithm>

namespace fathom::engine {
namespace {

struct Match {
  int length = 0;
  int end = 0;  // position behind it
};

bool contains(const TokenId* tokens, int n, TokenId wanted) {
  int found = 0;
  for (int i = 0; i < n; ++i) found |= tokens[i] == wanted;
  return found != 0;
}

/// How many tokens before `end` of `tokens` are the last ones of `text`.
int match_length(std::span<const TokenId> text, std::span<const TokenId> tokens, int end) {
  const int longest = std::min({kMaxMatch, static_cast<int>(text.size()), end});
  int length = 0;
  while (length < longest && tokens[end - 1 - length] >= 0 &&
         tokens[end - 1 - length] == text[text.size() - 1 - length]) {
    ++length;
  }
  return length;
}

/// The longest ending of `text` that ends before position `n` of `tokens`; the latest of several.
Match find_match(std::span<const TokenId> text, std::span<const TokenId> tokens, int n) {
  constexpr int kBlock = 64;  // most of them hold no match, which is quick to see
  const TokenId last = text.back();
  Match best;
  for (int block_end = n; block_end > 0; block_end -= kBlock) {
    const int block = std::max(0, block_end - kBlock);
    if (!contains(tokens.data() + block, block_end - block, last)) continue;
    for (int end = block_end; end > block; --end) {
      if (tokens[end - 1] != last) continue;
      const int length = match_length(text, tokens, end);
      if (length > best.length) best = {.length = length, .end = end};
      if (best.length == kMaxMatch) return best;
    }
  }
  return best;
}

}  // namespace

Guess look_up(std::span<const TokenId> text, std::span<const TokenId> other,
              std::span<TokenId> guess) {
  if (text.empty() || guess.empty()) return {};
  const int n = static_cast<int>(text.size());
  const Match here = find_match(text, text, n - 1);
  const Match there = here.length < kMaxMatch
                          ? find_match(text, other, static_cast<int>(other.size()) - 1)
                          : Match{};
  int n_guessed = 0;
  if (there.length > here.length) {
    for (size_t i = there.end; i < other.size() && other[i] >= 0; ++i) {
      if (n_guessed == static_cast<int>(guess.size())) break;
      guess[n_guessed++] = other[i];
    }
    return {.n_tokens = n_guessed, .match = n_guessed > 0 ? there.length : 0};
  }
  if (here.length == 0) return {};
  for (; n_guessed < static_cast<int>(guess.size()); ++n_guessed) {
    const int position = here.end + n_guessed;
    guess[n_guessed] = position < n ? text[position] : guess[position - n];
  }
  return {.n_tokens = n_guessed, .match = here.length};
}

}  // namespace fathom::engine
