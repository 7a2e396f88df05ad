#include "editors/cli/similarity.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "editors/cli/unicode.h"

namespace fathom::cli {
namespace {

struct Match {
  size_t a = 0;
  size_t b = 0;
  size_t size = 0;
};

class Matcher {
 public:
  Matcher(std::u32string a, std::u32string b)
      : a_(std::move(a)), b_(std::move(b)), lengths_(b_.size() + 1), next_(b_.size() + 1) {
    for (size_t i = 0; i < b_.size(); ++i) places_[b_[i]].push_back(i);
    if (b_.size() >= 200) {
      const size_t most = b_.size() / 100 + 1;
      std::erase_if(places_, [&](const auto& entry) { return entry.second.size() > most; });
    }
  }

  /// Characters in matching blocks of a[a_begin, a_end) and b[b_begin, b_end).
  size_t matches(size_t a_begin, size_t a_end, size_t b_begin, size_t b_end) {
    if (a_begin >= a_end || b_begin >= b_end) return 0;
    const Match m = longest(a_begin, a_end, b_begin, b_end);
    if (m.size == 0) return 0;
    return matches(a_begin, m.a, b_begin, m.b) + m.size +
           matches(m.a + m.size, a_end, m.b + m.size, b_end);
  }

 private:
  /// The longest match; of equal ones the first in a, then in b. Popular characters cannot start
  /// or carry it but lengthen it at both ends.
  Match longest(size_t a_begin, size_t a_end, size_t b_begin, size_t b_end) {
    Match best{a_begin, b_begin, 0};
    std::ranges::fill(lengths_, 0);
    for (size_t i = a_begin; i < a_end; ++i) {
      std::ranges::fill(next_, 0);
      if (const auto places = places_.find(a_[i]); places != places_.end())
        for (const size_t j : places->second) {
          if (j < b_begin) continue;
          if (j >= b_end) break;
          // lengths_[j] is the length of the match that ends before j in b and before i in a.
          const size_t length = next_[j + 1] = lengths_[j] + 1;
          if (length > best.size) best = {i + 1 - length, j + 1 - length, length};
        }
      std::swap(lengths_, next_);
    }
    while (best.a > a_begin && best.b > b_begin && a_[best.a - 1] == b_[best.b - 1])
      --best.a, --best.b, ++best.size;
    while (best.a + best.size < a_end && best.b + best.size < b_end &&
           a_[best.a + best.size] == b_[best.b + best.size])
      ++best.size;
    return best;
  }

  std::u32string a_, b_;
  std::unordered_map<char32_t, std::vector<size_t>> places_;  // in b, ascending
  std::vector<size_t> lengths_, next_;                        // [|b| + 1]
};

}  // namespace

double similarity(std::string_view a, std::string_view b) {
  std::u32string wide_a = decode_utf8(a);
  std::u32string wide_b = decode_utf8(b);
  const size_t n_a = wide_a.size();
  const size_t n_b = wide_b.size();
  if (n_a + n_b == 0) return 1.0;
  Matcher matcher(std::move(wide_a), std::move(wide_b));
  return 2.0 * double(matcher.matches(0, n_a, 0, n_b)) / double(n_a + n_b);
}

}  // namespace fathom::cli
