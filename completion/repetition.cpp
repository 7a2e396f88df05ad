#include "completion/repetition.h"

#include <algorithm>

#include "completion/lines.h"

namespace fathom::completion {
namespace {

constexpr size_t kMaxPeriod = 200;   // two long lines
constexpr size_t kShortPeriod = 16;  // below it a repetition may still be code: "0, 0, 0, 0, "
constexpr size_t kMinLoopBytes = 32;
constexpr size_t kLineRepeats = 3;
constexpr size_t kShortRepeats = 6;

bool has_line_end(std::string_view text) { return text.find('\n') != std::string_view::npos; }

bool is_one_character(std::string_view piece) {
  return std::all_of(piece.begin(), piece.end(), [&](char byte) { return byte == piece[0]; });
}

/// The same line again and again, each indented as it likes: "if (a) {" in "if (a) {".
std::optional<size_t> length_before_same_lines(std::string_view text) {
  size_t end = text.rfind('\n');  // behind it a line is not complete
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view last =
      trim(text.substr(line_start(text, end), end - line_start(text, end)));
  const auto n_word_bytes = std::count_if(last.begin(), last.end(), is_word_byte);
  if (n_word_bytes < 2) return std::nullopt;  // closing brackets
  size_t n_same = 0;
  size_t first_end = end;
  while (true) {
    const size_t begin = line_start(text, end);
    if (trim(text.substr(begin, end - begin)) != last) break;
    first_end = end;
    ++n_same;
    if (begin == 0) break;
    end = begin - 1;
  }
  return n_same >= kLineRepeats ? std::optional(first_end) : std::nullopt;
}

}  // namespace

std::optional<size_t> length_before_loop(std::string_view text) {
  if (const auto length = length_before_same_lines(text)) return length;
  for (size_t period = 2; period <= std::min(kMaxPeriod, text.size()); ++period) {
    const bool lines = has_line_end(text.substr(text.size() - period));
    const bool is_short = period < kShortPeriod && !lines;
    const size_t length =
        std::max(period * (is_short ? kShortRepeats : kLineRepeats), kMinLoopBytes);
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
