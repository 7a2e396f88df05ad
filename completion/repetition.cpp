#include "completion/repetition.h"

#include <algorithm>

namespace fathom::completion {
namespace {

constexpr size_t kMaxPeriod = 80;
constexpr size_t kShortPeriod = 16;  // below it a repetition may still be code: "0, 0, 0, 0, "
constexpr size_t kMinLoopBytes = 32;

size_t repeats_needed(size_t period) { return period < kShortPeriod ? 6 : 3; }

bool is_one_character(std::string_view piece) {
  return std::all_of(piece.begin(), piece.end(), [&](char byte) { return byte == piece[0]; });
}

}  // namespace

std::optional<size_t> length_before_loop(std::string_view text) {
  for (size_t period = 2; period <= kMaxPeriod; ++period) {
    const size_t length = std::max(period * repeats_needed(period), kMinLoopBytes);
    if (length > text.size()) continue;
    const std::string_view tail = text.substr(text.size() - length);
    if (tail.substr(period) != tail.substr(0, length - period)) continue;
    if (is_one_character(tail.substr(0, period))) return std::nullopt;
    // The loop may have begun before the tail that proves it.
    size_t begin = text.size() - length;
    while (begin > 0 && text[begin - 1] == text[begin - 1 + period]) --begin;
    return begin + period;
  }
  return std::nullopt;
}

}  // namespace fathom::completion
