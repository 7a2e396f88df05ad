#include "completion/context/select_outline.h"

#include <algorithm>

namespace fathom::completion {

std::vector<const OutlineItem*> select_outline(const std::vector<OutlineItem>& items,
                                               const engine::Tokenizer& tokenizer, int max_tokens) {
  std::vector<const OutlineItem*> chosen;
  int room = max_tokens;
  std::vector<engine::TokenId> tokens;
  // Ends with the first item that does not fit: a shorter one further away helps nobody.
  const auto take = [&](OutlineItem::Kind kind, auto begin, auto end, int max) {
    int left = std::min(room, max);
    for (auto item = begin; item != end; ++item) {
      if (item->kind != kind) continue;
      tokens.clear();
      tokenizer.encode(item->text, tokens);
      const auto cost = static_cast<int>(tokens.size());
      if (cost > left) break;
      left -= cost;
      room -= cost;
      chosen.push_back(&*item);
    }
  };
  take(OutlineItem::Kind::scope, items.rbegin(), items.rend(), room);
  take(OutlineItem::Kind::import, items.begin(), items.end(), room / 3);
  take(OutlineItem::Kind::declaration, items.rbegin(), items.rend(), room);
  std::sort(chosen.begin(), chosen.end());  // pointers into one vector
  return chosen;
}

}  // namespace fathom::completion
