#include "engine/tokenizer/byte_alphabet.h"

#include <array>

namespace fathom::engine {
namespace {

constexpr int kCodePoints = 0x144;  // all characters of the alphabet are below

struct Alphabet {
  std::array<uint16_t, 256> code_point_of_byte{};
  std::array<int16_t, kCodePoints> byte_of_code_point{};  // -1: not in the alphabet
};

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  alphabet.byte_of_code_point.fill(-1);
  int next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    const int code_point = printable ? byte : next++;
    alphabet.code_point_of_byte[byte] = static_cast<uint16_t>(code_point);
    alphabet.byte_of_code_point[code_point] = static_cast<int16_t>(byte);
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = make_alphabet();

}  // namespace

std::string spell_byte(uint8_t byte) {
  const int code_point = kAlphabet.code_point_of_byte[byte];
  if (code_point < 0x80) return std::string(1, static_cast<char>(code_point));
  return {static_cast<char>(0xc0 | code_point >> 6), static_cast<char>(0x80 | (code_point & 63))};
}

std::optional<std::string> spelled_bytes(std::string_view spelling) {
  std::string bytes;
  for (size_t i = 0; i < spelling.size(); ++i) {
    int code_point = static_cast<unsigned char>(spelling[i]);
    if (code_point >= 0x80) {  // the alphabet ends below U+0800: two bytes or not in it
      if (code_point < 0xc2 || code_point > 0xdf || i + 1 == spelling.size()) return std::nullopt;
      const int low = static_cast<unsigned char>(spelling[++i]);
      if ((low & 0xc0) != 0x80) return std::nullopt;
      code_point = (code_point & 31) << 6 | (low & 63);
    }
    if (code_point >= kCodePoints || kAlphabet.byte_of_code_point[code_point] < 0)
      return std::nullopt;
    bytes.push_back(static_cast<char>(kAlphabet.byte_of_code_point[code_point]));
  }
  return bytes;
}

}  // namespace fathom::engine
