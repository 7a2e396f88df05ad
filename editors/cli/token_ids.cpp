#include "editors/cli/token_ids.h"

#include <charconv>

#include <fmt/ranges.h>

namespace fathom::cli {

Result<std::vector<engine::TokenId>> parse_token_ids(std::string_view text) {
  constexpr std::string_view kSeparators = " \t\r\n,[]";
  std::vector<engine::TokenId> ids;
  for (size_t begin = text.find_first_not_of(kSeparators); begin != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kSeparators, begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    engine::TokenId id = 0;
    const auto [last, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || last != word.data() + word.size() || id < 0)
      return fail(ErrorCode::invalid_argument,
                  "'{}' is not a token id; ids are given as numbers with commas: 1,2,3", word);
    ids.push_back(id);
    begin = text.find_first_not_of(kSeparators, end);
  }
  if (ids.empty())
    return fail(ErrorCode::invalid_argument, "no token ids are given; expected numbers: 1,2,3");
  return ids;
}

std::string format_token_ids(const std::vector<engine::TokenId>& ids) {
  return fmt::format("{}", fmt::join(ids, ","));
}

std::vector<engine::TokenId> encode_prompt(const engine::Tokenizer& tokenizer,
                                           std::string_view text, bool special) {
  std::vector<engine::TokenId> ids;
  if (special)
    tokenizer.encode_with_special(text, ids);
  else
    tokenizer.encode(text, ids);

  const std::optional<engine::TokenId> bos = tokenizer.special(engine::SpecialRole::bos);
  const bool has_bos = special && !ids.empty() && ids.front() == bos;
  if (tokenizer.adds_bos() && bos && !has_bos) ids.insert(ids.begin(), *bos);
  return ids;
}

}  // namespace fathom::cli
