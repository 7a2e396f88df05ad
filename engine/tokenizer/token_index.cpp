#include "engine/tokenizer/token_index.h"

#include <bit>
#include <functional>

namespace fathom::engine {

TokenIndex::TokenIndex(size_t n) : slots_(std::bit_ceil(2 * n + 1)) {}

/// Where the text is, or where it belongs.
size_t TokenIndex::slot_of(std::string_view text) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = std::hash<std::string_view>()(text) & mask;
  while (slots_[slot].text && std::string_view(slots_[slot].text, slots_[slot].size) != text)
    slot = (slot + 1) & mask;
  return slot;
}

void TokenIndex::add(std::string_view text, TokenId id) {
  Slot& slot = slots_[slot_of(text)];
  if (!slot.text) slot = {text.data(), static_cast<uint32_t>(text.size()), id};
}

std::optional<TokenId> TokenIndex::find(std::string_view text) const {
  const Slot& slot = slots_[slot_of(text)];
  return slot.text ? std::optional(slot.id) : std::nullopt;
}

}  // namespace fathom::engine
