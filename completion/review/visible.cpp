#include "completion/review/visible.h"

#include <cstdint>

#include <fmt/format.h>

#include "engine/base/text.h"

namespace fathom::completion {
namespace {

struct CodePoint {
  uint32_t value = 0;
  size_t size = 1;  // bytes
};

/// The one that `text` begins with; it is valid UTF-8 and not empty.
CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  if (byte(0) < 0x80) return {byte(0), 1};
  const size_t size = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  uint32_t value = byte(0) & (0xffu >> (size + 1));
  for (size_t i = 1; i < size; ++i) value = value << 6 | (byte(i) & 0x3fu);
  return {value, size};
}

/// Unicode's bidirectional and format controls, zero-width characters and tags.
bool is_deceptive(uint32_t c) {
  return c == 0xad || c == 0x61c || c == 0x180e || c == 0xfeff || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
         (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

bool is_control(uint32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

enum class LineFeeds { escape, keep };

std::string spell_out(std::string_view text, LineFeeds line_feeds) {
  const std::string valid = to_valid_utf8(text);
  std::string result;
  for (std::string_view rest = valid; !rest.empty();) {
    const CodePoint c = first_code_point(rest);
    const bool stays = c.value == '\t' || (c.value == '\n' && line_feeds == LineFeeds::keep);
    if (is_control(c.value) && !stays)
      result += fmt::format("\\x{:02x}", c.value);
    else if (is_deceptive(c.value))
      result += fmt::format("\\u{:04x}", c.value);
    else
      result += rest.substr(0, c.size);
    rest.remove_prefix(c.size);
  }
  return result;
}

}  // namespace

std::string visible_text(std::string_view text) { return spell_out(text, LineFeeds::escape); }

std::string visible_lines(std::string_view text) { return spell_out(text, LineFeeds::keep); }

bool is_plain_text(std::string_view text) {
  std::string lf;
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') lf += text[i];
  return visible_lines(lf) == lf;
}

}  // namespace fathom::completion
