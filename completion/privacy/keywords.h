// Finds all of many short words in one pass over a text, in any case.
//
// Source: A. V. Aho, M. J. Corasick, "Efficient string matching", CACM 18(6), 1975.
//
// Immutable; any thread.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fathom::completion {

class Keywords final {
 public:
  /// `words` are ASCII in lower case, none empty; together less than 65,000 bytes.
  explicit Keywords(const std::vector<std::string_view>& words);

  /// Calls found(word's index, its end in `text`) for every occurrence, by ascending end.
  template <class Found>
  void find(std::string_view text, Found&& found) const {
    uint16_t state = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      state = next_[state * n_classes_ + class_of_[static_cast<unsigned char>(text[i])]];
      for (uint16_t s = longest_[state]; s != 0; s = shorter_[s]) {
        for (const uint16_t word : ends_here_[s]) found(size_t{word}, i + 1);
      }
    }
  }

 private:
  std::array<uint8_t, 256> class_of_{};  // 0: in no word
  size_t n_classes_ = 1;
  // Of each state; state 0 is the root.
  std::vector<uint16_t> next_;                    // [states, classes]
  std::vector<std::vector<uint16_t>> ends_here_;  // words
  std::vector<uint16_t> longest_;  // the state itself or its longest suffix that ends a word, or 0
  std::vector<uint16_t> shorter_;  // the longest proper suffix that ends a word, or 0
};

}  // namespace fathom::completion
