#include "completion/closers.h"

#include <algorithm>

#include "completion/lines.h"

namespace fathom::completion {
namespace {

constexpr std::string_view kOpeners = "([{";
constexpr std::string_view kClosers = ")]}";
constexpr size_t kMinWordOverlap = 4;  // shorter ones are chance

struct Balance {
  std::string open;       // closers that are still expected
  std::string unmatched;  // closers that nothing expected
};

Balance balance_of(std::string_view text) {
  Balance balance;
  for (const char byte : text) {
    if (const size_t kind = kOpeners.find(byte); kind != std::string_view::npos) {
      balance.open += kClosers[kind];
    } else if (kClosers.find(byte) != std::string_view::npos) {
      if (!balance.open.empty() && balance.open.back() == byte) {
        balance.open.pop_back();
      } else {
        balance.unmatched += byte;
      }
    }
  }
  return balance;
}

bool is_end_mark(char byte) {
  return is_closer(byte) || byte == ';' || byte == ',' || byte == ' ' || byte == ':';
}

}  // namespace

std::string unmatched_closers(std::string_view text) { return balance_of(text).unmatched; }
size_t n_open_brackets(std::string_view text) { return balance_of(text).open.size(); }

size_t overlap(std::string_view text, std::string_view rest) {
  rest = trim_right(rest);
  for (size_t n = std::min(text.size(), rest.size()); n > 0; --n) {
    const std::string_view shared = rest.substr(0, n);
    if (!text.ends_with(shared) || is_blank(shared)) continue;
    const bool only_marks = std::all_of(shared.begin(), shared.end(), is_end_mark);
    if (only_marks && n_open_brackets(text.substr(0, text.size() - n)) == 0) return n;
    if (!only_marks && (n == rest.size() || n >= kMinWordOverlap)) return n;
  }
  return 0;
}

size_t retyped_closers(std::string_view text, std::string_view rest) {
  size_t n = 0;
  for (const char closer : unmatched_closers(text)) {
    const size_t at = rest.find_first_not_of(" \t", n);
    if (at == std::string_view::npos || rest[at] != closer) break;
    n = at + 1;
  }
  const std::string_view behind = trim_right(rest.substr(n));
  if (n > 0 && !behind.empty() && text.ends_with(behind)) n += behind.size();
  return n;
}

}  // namespace fathom::completion
