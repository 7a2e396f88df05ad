// Byte-pair encoding: joins the bytes of a piece, two neighbours at a time, best merge first.
//
// Immutable; any thread.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/token.h"
#include "engine/tokenizer/token_index.h"

namespace fathom::engine {

class Bpe final {
 public:
  /// Working memory of encode(), reused from piece to piece.
  class Scratch {
    friend class Bpe;
    struct Symbol {
      TokenId id;
      uint32_t previous;
      uint32_t next;
      uint32_t rank;  // of the merge with the next symbol; kNone if there is none
    };
    std::vector<Symbol> symbols;
    std::vector<uint64_t> queue;  // rank << 32 | index of the left symbol; a heap, least first
  };

  /// `tokens_of_bytes[b]` is the token of the single byte b.
  explicit Bpe(const std::array<TokenId, 256>& tokens_of_bytes)
      : tokens_of_bytes_(tokens_of_bytes) {
    reserve(0);
  }

  /// Room for the merges, before the first.
  void reserve(size_t n_merges);
  /// Adds the merge after all others in rank. The first of two merges of one pair counts.
  void add_merge(TokenId left, TokenId right, TokenId merged);
  /// From now on a piece that equals one of these is that token, whatever the merges say. The texts
  /// must outlive this object.
  void set_whole(TokenIndex whole) { whole_ = std::move(whole); }

  /// Appends the tokens of `piece`. O(n log n).
  void encode(std::string_view piece, Scratch& scratch, std::vector<TokenId>& out) const;

 private:
  struct Merge {
    uint64_t pair;  // left << 32 | right; kNoPair: a free place
    uint32_t rank;
    TokenId merged;
  };
  size_t place_of(uint64_t pair) const;
  const Merge* find(TokenId left, TokenId right) const;
  void encode_part(std::string_view piece, Scratch& scratch, std::vector<TokenId>& out) const;
  void offer(Scratch& scratch, uint32_t left) const;

  std::array<TokenId, 256> tokens_of_bytes_;
  /// A hash table in one array, a power of two, a third of it free: encoding is looking up pairs,
  /// most of which are not there.
  std::vector<Merge> merges_;
  TokenIndex whole_;
  uint32_t n_merges_ = 0;
};

}  // namespace fathom::engine
