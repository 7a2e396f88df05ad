#include "completion/workspace/terms.h"

#include <algorithm>

namespace fathom::completion {
namespace {

// FNV-1a.
constexpr Term kHashStart = 14695981039346656037u;
constexpr Term kHashFactor = 1099511628211u;

bool is_upper(char byte) { return byte >= 'A' && byte <= 'Z'; }
char lower(char byte) { return is_upper(byte) ? static_cast<char>(byte - 'A' + 'a') : byte; }

Term term_of(std::string_view word) {
  Term hash = kHashStart;
  for (const char byte : word) {
    hash ^= static_cast<unsigned char>(lower(byte));
    hash *= kHashFactor;
  }
  return hash;
}

/// Whether a part begins at `i` of an identifier: aB, ABc.
bool is_boundary(std::string_view word, size_t i) {
  if (!is_upper(word[i])) return false;
  if (!is_upper(word[i - 1])) return true;
  return i + 1 < word.size() && !is_upper(word[i + 1]) && word[i + 1] != '_';
}

void add_terms(std::string_view identifier, std::vector<Term>& out) {
  int n_parts = 0;
  size_t begin = 0;
  const auto end_part = [&](size_t end) {
    if (end - begin < 2) return;
    ++n_parts;
    out.push_back(term_of(identifier.substr(begin, end - begin)));
  };
  for (size_t i = 0; i < identifier.size(); ++i) {
    if (identifier[i] == '_') {
      end_part(i);
      begin = i + 1;
    } else if (i > begin && is_boundary(identifier, i)) {
      end_part(i);
      begin = i;
    }
  }
  end_part(identifier.size());
  if (n_parts > 1) out.push_back(term_of(identifier));
}

}  // namespace

std::vector<TermCount> terms_of(std::string_view text) {
  std::vector<Term> terms;
  terms.reserve(text.size() / 6);
  for_each_identifier(text,
                      [&](std::string_view identifier, size_t) { add_terms(identifier, terms); });
  std::sort(terms.begin(), terms.end());
  std::vector<TermCount> counts;
  for (const Term term : terms) {
    if (counts.empty() || counts.back().term != term) counts.push_back({.term = term, .count = 0});
    ++counts.back().count;
  }
  return counts;
}

}  // namespace fathom::completion
