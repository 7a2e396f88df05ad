#include "completion/code_block.h"

#include <algorithm>

namespace fathom::completion {
namespace {

/// A run of at least three backticks or tildes behind at most three spaces; 0: no fence.
size_t fence_length(std::string_view line, char mark) {
  const size_t begin = std::min(line.find_first_not_of(' '), line.size());
  const size_t end = std::min(line.find_first_not_of(mark, begin), line.size());
  return begin <= 3 && end - begin >= 3 ? end - begin : 0;
}

bool closes(std::string_view line, char mark, size_t length) {
  if (fence_length(line, mark) < length) return false;
  const size_t last = line.find_last_not_of(" \t");
  return line[last] == mark;
}

}  // namespace

std::optional<std::string> code_block(std::string_view markdown) {
  std::string longest;
  bool longest_is_closed = false;
  std::string block;
  char mark = 0;  // of the open block; 0: none is
  size_t length = 0;
  const auto end_block = [&](bool closed) {
    if (block.size() > longest.size()) {
      longest = block;
      longest_is_closed = closed;
    }
    block.clear();
    mark = 0;
  };
  while (!markdown.empty()) {
    const size_t end = std::min(markdown.find('\n'), markdown.size());
    std::string_view line = markdown.substr(0, end);
    markdown.remove_prefix(std::min(end + 1, markdown.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (mark == 0) {
      for (const char candidate : {'`', '~'}) {
        if (const size_t n = fence_length(line, candidate); n > 0) {
          mark = candidate;
          length = n;
        }
      }
    } else if (closes(line, mark, length)) {
      end_block(true);
    } else {
      block.append(line).append("\n");
    }
  }
  if (mark != 0) end_block(false);
  if (longest.empty() || !longest_is_closed) return std::nullopt;
  return longest;
}

}  // namespace fathom::completion
