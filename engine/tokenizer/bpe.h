// Byte-pair encoding: joins the bytes of a piece, two neighbours at a time, best merge first.
//
// Immutable; any thread.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/token.h"

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
      : tokens_of_bytes_(tokens_of_bytes) {}

  void reserve(size_t n_merges);
  /// Adds the merge after all others in rank. The first of two merges of one pair counts.
  void add_merge(TokenId left, TokenId right, TokenId merged);
  /// From now on a piece that equals `bytes` is `id`, whatever the merges say. `bytes` must outlive
  /// this object.
  void add_whole(std::string_view bytes, TokenId id) { whole_.emplace(bytes, id); }

  /// Appends the tokens of `piece`. O(n log n).
  void encode(std::string_view piece, Scratch& scratch, std::vector<TokenId>& out) const;

 private:
  struct Merge {
    uint32_t rank;
    TokenId merged;
  };
  const Merge* find(TokenId left, TokenId right) const;
  void encode_part(std::string_view piece, Scratch& scratch, std::vector<TokenId>& out) const;
  void offer(Scratch& scratch, uint32_t left) const;

  std::array<TokenId, 256> tokens_of_bytes_;
  std::unordered_map<uint64_t, Merge> merges_;  // by left << 32 | right
  std::unordered_map<std::string_view, TokenId> whole_;
  uint32_t n_merges_ = 0;
};

}  // namespace fathom::engine
