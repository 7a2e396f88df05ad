#include "completion/privacy/keywords.h"

#include <deque>

#include "engine/base/assert.h"

namespace fathom::completion {

Keywords::Keywords(const std::vector<std::string_view>& words) {
  for (const std::string_view word : words) {
    for (const char c : word) {
      const auto byte = static_cast<unsigned char>(c);
      FATHOM_ASSERT(byte < 0x80 && !(c >= 'A' && c <= 'Z'));
      if (class_of_[byte] != 0) continue;
      class_of_[byte] = static_cast<uint8_t>(n_classes_++);
      if (c >= 'a' && c <= 'z') class_of_[static_cast<size_t>(c - 'a' + 'A')] = class_of_[byte];
    }
  }

  const auto add_state = [this] {
    next_.resize(next_.size() + n_classes_, 0);
    ends_here_.emplace_back();
    return static_cast<uint16_t>(ends_here_.size() - 1);
  };
  add_state();
  for (size_t i = 0; i < words.size(); ++i) {
    FATHOM_ASSERT(!words[i].empty());
    uint16_t state = 0;
    for (const char c : words[i]) {
      const size_t edge = state * n_classes_ + class_of_[static_cast<unsigned char>(c)];
      if (next_[edge] == 0) {
        const uint16_t added = add_state();  // moves next_
        next_[edge] = added;
      }
      state = next_[edge];
    }
    ends_here_[state].push_back(static_cast<uint16_t>(i));
  }

  // Breadth first: the longest proper suffix of a state that is a state is complete before it.
  std::vector<uint16_t> suffix(ends_here_.size(), 0);
  longest_.assign(ends_here_.size(), 0);
  shorter_.assign(ends_here_.size(), 0);
  std::deque<uint16_t> queue = {0};
  while (!queue.empty()) {
    const uint16_t state = queue.front();
    queue.pop_front();
    for (size_t c = 0; c < n_classes_; ++c) {
      uint16_t& edge = next_[state * n_classes_ + c];
      const uint16_t fallback = state == 0 ? 0 : next_[suffix[state] * n_classes_ + c];
      if (edge == 0) {
        edge = fallback;
        continue;
      }
      suffix[edge] = fallback;
      shorter_[edge] = longest_[fallback];
      longest_[edge] = ends_here_[edge].empty() ? shorter_[edge] : edge;
      queue.push_back(edge);
    }
  }
}

}  // namespace fathom::completion
