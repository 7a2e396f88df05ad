#include "engine/tokenizer/bpe.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "engine/base/assert.h"

namespace fathom::engine {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

/// Longer pieces are cut, so that an index of a symbol fits into 32 bits. Only a file of a
/// gigabyte without a single boundary has one.
constexpr size_t kMaxPiece = size_t{1} << 30;

constexpr uint64_t kNoPair = UINT64_MAX;

uint64_t pair_key(TokenId left, TokenId right) {
  return static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right);
}

/// The finaliser of MurmurHash3: ids of a pair are small and regular.
uint64_t mixed(uint64_t key) {
  key = (key ^ (key >> 33)) * 0xff51afd7ed558ccdu;
  key = (key ^ (key >> 33)) * 0xc4ceb9fe1a85ec53u;
  return key ^ (key >> 33);
}

}  // namespace

void Bpe::reserve(size_t n_merges) {
  merges_.assign(std::bit_ceil(n_merges + n_merges / 2 + 1), Merge{kNoPair, 0, 0});
}

/// Where the pair is, or where it belongs.
size_t Bpe::place_of(uint64_t pair) const {
  const size_t mask = merges_.size() - 1;
  size_t place = mixed(pair) & mask;
  while (merges_[place].pair != pair && merges_[place].pair != kNoPair) place = (place + 1) & mask;
  return place;
}

void Bpe::add_merge(TokenId left, TokenId right, TokenId merged) {
  FATHOM_ASSERT(n_merges_ + n_merges_ / 2 < merges_.size());
  const uint64_t pair = pair_key(left, right);
  Merge& merge = merges_[place_of(pair)];
  if (merge.pair == kNoPair) merge = {pair, n_merges_++, merged};
}

const Bpe::Merge* Bpe::find(TokenId left, TokenId right) const {
  const Merge& merge = merges_[place_of(pair_key(left, right))];
  return merge.pair == kNoPair ? nullptr : &merge;
}

void Bpe::encode(std::string_view piece, Scratch& scratch, std::vector<TokenId>& out) const {
  if (const auto whole = whole_.find(piece)) return out.push_back(*whole);
  while (!piece.empty()) {
    encode_part(piece.substr(0, kMaxPiece), scratch, out);
    piece.remove_prefix(std::min(piece.size(), kMaxPiece));
  }
}

/// Queues the merge of symbol `left` with its next one, if there is such a merge.
void Bpe::offer(Scratch& scratch, uint32_t left) const {
  Scratch::Symbol& symbol = scratch.symbols[left];
  symbol.rank = kNone;
  if (symbol.next == kNone) return;
  const Merge* merge = find(symbol.id, scratch.symbols[symbol.next].id);
  if (!merge) return;
  symbol.rank = merge->rank;
  scratch.queue.push_back(uint64_t{merge->rank} << 32 | left);
  std::push_heap(scratch.queue.begin(), scratch.queue.end(), std::greater<>());
}

void Bpe::encode_part(std::string_view piece, Scratch& scratch, std::vector<TokenId>& out) const {
  auto& symbols = scratch.symbols;
  symbols.clear();
  scratch.queue.clear();
  const auto n = static_cast<uint32_t>(piece.size());
  for (uint32_t i = 0; i < n; ++i) {
    const TokenId id = tokens_of_bytes_[static_cast<unsigned char>(piece[i])];
    symbols.push_back({id, i == 0 ? kNone : i - 1, i + 1 == n ? kNone : i + 1, kNone});
  }
  for (uint32_t i = 0; i + 1 < n; ++i) offer(scratch, i);

  while (!scratch.queue.empty()) {
    std::pop_heap(scratch.queue.begin(), scratch.queue.end(), std::greater<>());
    const uint64_t best = scratch.queue.back();
    scratch.queue.pop_back();
    const auto left = static_cast<uint32_t>(best);
    // A rank names one pair of tokens: if the symbol still has it, the pair is still there.
    // A symbol that was merged away has none.
    if (symbols[left].rank != best >> 32) continue;

    const uint32_t right = symbols[left].next;
    symbols[left].id = find(symbols[left].id, symbols[right].id)->merged;
    symbols[left].next = symbols[right].next;
    symbols[right].rank = kNone;
    if (symbols[left].next != kNone) symbols[symbols[left].next].previous = left;
    offer(scratch, left);
    if (symbols[left].previous != kNone) offer(scratch, symbols[left].previous);
  }
  for (uint32_t i = 0; i != kNone; i = symbols[i].next) out.push_back(symbols[i].id);
}

}  // namespace fathom::engine
