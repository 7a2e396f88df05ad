#include "editors/cli/unicode.h"

#include <algorithm>

#include "engine/base/text.h"

namespace fathom::cli {
namespace {

/// Length of the character that begins with `lead`, in valid UTF-8.
size_t utf8_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

/// What Python's str.isspace() says.
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
         c == 0x205f || c == 0x3000;
}

/// Bytes of the white space character at the end of `text`; 0 if it ends in something else.
size_t trailing_space(std::string_view text) {
  for (size_t n = 1; n <= std::min<size_t>(3, text.size()); ++n) {
    const std::u32string last = decode_utf8(text.substr(text.size() - n));
    if (last.size() == 1 && is_space(last[0])) return n;
  }
  return 0;
}

size_t leading_space(std::string_view text) {
  if (text.empty()) return 0;
  const size_t n = std::min(utf8_length(static_cast<unsigned char>(text[0])), text.size());
  const std::u32string first = decode_utf8(text.substr(0, n));
  return first.size() == 1 && is_space(first[0]) ? n : 0;
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  const std::string valid = to_valid_utf8(text);
  std::u32string result;
  for (size_t i = 0; i < valid.size();) {
    const auto lead = static_cast<unsigned char>(valid[i]);
    const size_t n = utf8_length(lead);
    char32_t c = n == 1 ? lead : lead & (0xffu >> (n + 1));
    for (size_t k = 1; k < n; ++k) c = c << 6 | (static_cast<unsigned char>(valid[i + k]) & 0x3fu);
    result.push_back(c);
    i += n;
  }
  return result;
}

std::string_view strip(std::string_view text) {
  while (const size_t n = trailing_space(text)) text.remove_suffix(n);
  while (const size_t n = leading_space(text)) text.remove_prefix(n);
  return text;
}

}  // namespace fathom::cli
