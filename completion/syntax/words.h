// Lists of words in one string, as the language table holds them: "word word word".

#pragma once

#include <algorithm>
#include <string_view>

namespace fathom::completion {

/// Takes the first word off `words`; empty at the end.
inline std::string_view take_word(std::string_view& words) {
  words.remove_prefix(std::min(words.find_first_not_of(' '), words.size()));
  const std::string_view word = words.substr(0, words.find(' '));
  words.remove_prefix(word.size());
  return word;
}

/// Whether `word` is one of `words`.
inline bool contains_word(std::string_view words, std::string_view word) {
  while (true) {
    const std::string_view next = take_word(words);
    if (next.empty()) return false;
    if (next == word) return true;
  }
}

/// In a list of pairs, whether (first, second) is one of them.
inline bool contains_pair(std::string_view pairs, std::string_view first, std::string_view second) {
  while (true) {
    const std::string_view a = take_word(pairs);
    const std::string_view b = take_word(pairs);
    if (a.empty()) return false;
    if (a == first && b == second) return true;
  }
}

}  // namespace fathom::completion
