#include "engine/tokenizer/added_tokens.h"

#include <algorithm>

namespace fathom::engine {

void AddedTokens::add(std::string_view spelling, TokenId id) {
  auto& entries = by_first_byte_[static_cast<unsigned char>(spelling[0])];
  const auto shorter = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) {
    return entry.spelling.size() < spelling.size();
  });
  entries.insert(shorter, {std::string(spelling), id});
}

std::optional<AddedTokens::Match> AddedTokens::find(std::string_view text) const {
  for (size_t i = 0; i < text.size(); ++i) {
    for (const Entry& entry : by_first_byte_[static_cast<unsigned char>(text[i])]) {
      if (text.substr(i).starts_with(entry.spelling))
        return Match{i, i + entry.spelling.size(), entry.id};
    }
  }
  return std::nullopt;
}

}  // namespace fathom::engine
