#include "completion/json_string.h"

#include <string_view>

namespace fathom::completion {
namespace {

bool is_hex(uint8_t byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
         (byte >= 'A' && byte <= 'F');
}

}  // namespace

JsonString::Step JsonString::advance(uint8_t byte) {
  if (escape_ > 0) return advance_escape(byte);
  if (n_continuation_ > 0) {
    if (byte < lowest_ || byte > highest_) return Step::wrong;
    lowest_ = 0x80;
    highest_ = 0xBF;
    return --n_continuation_ == 0 ? Step::character : Step::inside;
  }
  if (byte == '"') return Step::closed;
  if (byte < 0x20) return Step::wrong;
  if (byte == '\\') {
    escape_ = 1;
    return Step::inside;
  }
  if (byte < 0x80) return Step::character;
  // The well-formed sequences of the Unicode standard, table 3-7.
  if (byte < 0xC2 || byte > 0xF4) return Step::wrong;
  n_continuation_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  lowest_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
  highest_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
  return Step::inside;
}

JsonString::Step JsonString::advance_escape(uint8_t byte) {
  if (escape_ == 1) {
    constexpr std::string_view kLetters = "\"\\/bfnrtu";
    if (kLetters.find(static_cast<char>(byte)) == std::string_view::npos) return Step::wrong;
    escape_ = byte == 'u' ? 2 : 0;
    return escape_ == 0 ? Step::character : Step::inside;
  }
  // Half a surrogate pair is no text: those escapes are not needed, characters go as they are.
  if (!is_hex(byte) || (escape_ == 3 && is_high_escape_ && byte > '7')) return Step::wrong;
  is_high_escape_ = escape_ == 2 && (byte == 'd' || byte == 'D');
  escape_ = escape_ == 5 ? 0 : escape_ + 1;
  return escape_ == 0 ? Step::character : Step::inside;
}

}  // namespace fathom::completion
