#include "lsp/find_lines.h"

#include <algorithm>

namespace fathom::lsp {

bool has_lines(const Document& document, std::string_view lines, uint32_t line) {
  const std::string_view text = document.text();
  for (size_t at = 0; at <= lines.size(); ++line) {
    const std::optional<size_t> begin = document.offset_of({.line = line});
    if (!begin) return false;
    const size_t end = std::min(lines.find('\n', at), lines.size());
    if (text.substr(*begin, document.end_of_line(*begin) - *begin) != lines.substr(at, end - at))
      return false;
    at = end + 1;
  }
  return true;
}

std::optional<uint32_t> find_lines(const Document& document, std::string_view lines,
                                   uint32_t line) {
  if (has_lines(document, lines, line)) return line;
  const std::string_view first = lines.substr(0, lines.find('\n'));
  if (first.empty()) return std::nullopt;
  const std::string_view text = document.text();
  std::optional<uint32_t> found;
  for (size_t at = text.find(first); at != std::string_view::npos; at = text.find(first, at + 1)) {
    const uint32_t candidate = document.position_of(at).line;
    if (document.offset_of({.line = candidate}) != at || !has_lines(document, lines, candidate))
      continue;
    if (found) return std::nullopt;
    found = candidate;
  }
  return found;
}

Range range_of_lines(const Document& document, uint32_t line, uint32_t n_lines) {
  const size_t last = document.offset_of({.line = line + n_lines - 1}).value_or(0);
  return {.start = {.line = line}, .end = document.position_of(document.end_of_line(last))};
}

}  // namespace fathom::lsp
