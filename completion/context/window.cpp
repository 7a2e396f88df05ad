#include "completion/context/window.h"

#include <algorithm>

#include "completion/lines.h"

namespace fathom::completion {
namespace {

constexpr size_t kGrid = 4;  // steps to a window

}  // namespace

size_t window_begin(std::string_view text, size_t end, size_t max_bytes) {
  if (end <= max_bytes) return 0;
  const size_t step = std::max<size_t>(max_bytes / kGrid, 1);
  const size_t over = end - max_bytes;
  const size_t cut = (over + step - 1) / step * step;  // at most one step too far: never 0
  if (cut >= end) return next_character(text, over);
  const size_t line = text[cut - 1] == '\n' ? cut : next_line(text.substr(0, end), cut);
  return line < end ? line : next_character(text, cut);
}

size_t window_end(std::string_view text, size_t begin, size_t max_bytes) {
  if (text.size() - begin <= max_bytes) return text.size();
  const size_t limit = begin + max_bytes;
  const size_t newline = text.rfind('\n', limit - 1);
  if (max_bytes > 0 && newline != std::string_view::npos && newline >= begin) return newline + 1;
  size_t end = limit;
  while (end > begin && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return end;
}

TokenWindow window_of_tokens(std::string_view text, size_t begin,
                             const engine::Tokenizer& tokenizer, int max_tokens) {
  for (size_t bytes = static_cast<size_t>(max_tokens) * kBytesPerToken; bytes > 0; bytes /= 2) {
    TokenWindow window{.tokens = {}, .end = window_end(text, begin, bytes)};
    window.tokens = tokenizer.encode(to_lf(text.substr(begin, window.end - begin)));
    if (static_cast<int>(window.tokens.size()) <= max_tokens) return window;
  }
  return {.tokens = {}, .end = begin};
}

}  // namespace fathom::completion
