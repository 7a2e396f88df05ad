#include "completion/repetition.h"

#include <algorithm>

#include "completion/lines.h"

namespace fathom::completion {
namespace {

constexpr size_t kMaxPeriod = 80;
constexpr size_t kShortPeriod = 16;  // below it a repetition may still be code: "0, 0, 0, 0, "
constexpr size_t kMinLoopBytes = 32;

constexpr size_t kLineRepeats = 3;

size_t repeats_needed(size_t period) { return period < kShortPeriod ? 6 : 3; }

bool has_line_end(std::string_view text) { return text.find('\n') != std::string_view::npos; }

bool is_one_character(std::string_view piece) {
  return std::all_of(piece.begin(), piece.end(), [&](char byte) { return byte == piece[0]; });
}

}  // namespace

std::optional<size_t> length_before_loop(std::string_view text) {
  for (size_t period = 2; period <= kMaxPeriod; ++period) {
    if (period > text.size()) break;
    const bool lines = has_line_end(text.substr(text.size() - period));
    const size_t n_repeats = lines ? kLineRepeats : repeats_needed(period);
    const size_t length = std::max(period * n_repeats, kMinLoopBytes);
    if (length > text.size()) continue;
    const std::string_view tail = text.substr(text.size() - length);
    if (tail.substr(period) != tail.substr(0, length - period)) continue;
    if (is_one_character(tail.substr(0, period))) return std::nullopt;
    // The loop may have begun before the tail that proves it.
    size_t begin = text.size() - length;
    while (begin > 0 && text[begin - 1] == text[begin - 1 + period]) --begin;
    if (!lines) return line_start(text, begin);
    const size_t end = begin + period;
    return text[end - 1] == '\n' ? end : text.find('\n', end);
  }
  return std::nullopt;
}

}  // namespace fathom::completion
