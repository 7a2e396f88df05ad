#include "completion/privacy/keywords.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

using Found = std::vector<std::pair<std::string, size_t>>;  // word, end

Found find_all(const std::vector<std::string_view>& words, std::string_view text) {
  Found found;
  Keywords(words).find(text,
                       [&](size_t word, size_t end) { found.emplace_back(words[word], end); });
  return found;
}

TEST(Keywords, FindsWordsInsideAndAcrossEachOther) {
  EXPECT_EQ(find_all({"he", "she", "his", "hers"}, "ushers"),
            (Found{{"she", 4}, {"he", 4}, {"hers", 6}}));
  EXPECT_EQ(find_all({"aa"}, "aaaa"), (Found{{"aa", 2}, {"aa", 3}, {"aa", 4}}));
}

TEST(Keywords, IgnoresCaseAndTakesAnyBytes) {
  EXPECT_EQ(find_all({"key_"}, "my\xffKeY_\x80key"), (Found{{"key_", 7}}));
  EXPECT_EQ(find_all({}, "text"), Found{});
}

TEST(Keywords, GivesEachOfTwoEqualWords) {
  EXPECT_EQ(find_all({"a", "a"}, "a"), (Found{{"a", 1}, {"a", 1}}));
}

TEST(Keywords, AgreesWithSearchingEachWordByItself) {
  const std::vector<std::string_view> words = {"ab", "b", "bab", "abba", "a"};
  std::string text;
  for (uint32_t i = 0, state = 1; i < 2000; ++i) {
    state = state * 1664525u + 1013904223u;
    text += "abAB."[(state >> 16) % 5];
  }
  std::map<std::pair<std::string, size_t>, int> expected;
  std::string lower = text;
  for (char& c : lower) c = static_cast<char>(std::tolower(c));
  for (const std::string_view word : words) {
    for (size_t at = lower.find(word); at != std::string::npos; at = lower.find(word, at + 1))
      ++expected[{std::string(word), at + word.size()}];
  }
  std::map<std::pair<std::string, size_t>, int> actual;
  for (const auto& found : find_all(words, text)) ++actual[found];
  EXPECT_EQ(actual, expected);
}

}  // namespace
}  // namespace fathom::completion
