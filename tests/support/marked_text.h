// Test cases as text: `$0` marks the cursor, and what is indented with the test reads as if it
// stood at the margin.

#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace fathom::test {

struct MarkedText {
  std::string text;
  size_t cursor = 0;
};

/// Takes the `$0` out of `marked`; without one the cursor is at the end.
inline MarkedText take_cursor(std::string_view marked) {
  MarkedText result{.text = std::string(marked), .cursor = marked.size()};
  if (const size_t at = marked.find("$0"); at != std::string_view::npos) {
    result.text.erase(at, 2);
    result.cursor = at;
  }
  return result;
}

/// A raw string without its first line end, without the indentation that all its lines share, and
/// without the blanks before its closing parenthesis.
inline std::string dedent(std::string_view text) {
  if (text.starts_with('\n')) text.remove_prefix(1);
  const size_t last = text.rfind('\n');
  if (last != std::string_view::npos &&
      text.substr(last).find_first_not_of(" \n") == std::string_view::npos) {
    text = text.substr(0, last + 1);
  }
  size_t shared = std::string_view::npos;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const size_t word = text.substr(at, end - at).find_first_not_of(' ');
    if (word != std::string_view::npos) shared = std::min(shared, word);
    at = end + 1;
  }
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    result += line.substr(std::min(shared, line.size()));
    if (end < text.size()) result += '\n';
    at = end + 1;
  }
  return result;
}

}  // namespace fathom::test
