#include "completion/prompt/healing.h"

#include "completion/lines.h"

namespace fathom::completion {
namespace {

constexpr size_t kMaxForced = 64;
constexpr size_t kMaxPunctuation = 4;

bool is_space(char byte) { return byte == ' ' || byte == '\t'; }
bool is_punctuation(char byte) { return !is_space(byte) && !is_word_byte(byte); }

/// Start of the run of bytes before `end` that are `of_kind`.
template <class Kind>
size_t run_begin(std::string_view line, size_t end, Kind&& of_kind) {
  while (end > 0 && of_kind(line[end - 1])) --end;
  return end;
}

/// Pre-tokenizers join a word with the blank before it, and some with a single punctuation mark.
size_t with_mark_before(std::string_view line, size_t word) {
  if (word == 0) return word;
  if (is_space(line[word - 1])) return word - 1;
  const bool single = is_punctuation(line[word - 1]) && (word == 1 || is_word_byte(line[word - 2]));
  return single ? word - 1 : word;
}

}  // namespace

size_t healed_length(std::string_view line) {
  if (line.empty()) return 0;
  const size_t n = line.size();
  size_t cut = n;
  if (is_word_byte(line.back())) {
    cut = with_mark_before(line, run_begin(line, n, is_word_byte));
  } else if (is_space(line.back())) {
    cut = run_begin(line, n, is_space);
  } else {
    cut = run_begin(line, n, is_punctuation);
    if (n - cut > kMaxPunctuation) cut = n - kMaxPunctuation;
    if (cut > 0 && is_space(line[cut - 1])) --cut;
  }
  return n - cut <= kMaxForced ? cut : n;
}

}  // namespace fathom::completion
