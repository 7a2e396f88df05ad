#include "engine/base/text.h"

namespace fathom {
namespace {

/// Bytes of the sequence that `lead` begins; 0 for a byte that cannot begin one.
size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

/// Length of the valid character at the start of `bytes`; 0 if there is none.
size_t valid_character(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  const size_t length = sequence_length(lead);
  if (length == 0 || length > bytes.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!is_continuation(static_cast<unsigned char>(bytes[i]))) return 0;
  }
  if (length < 3) return length;
  // Overlong forms, surrogates and code points above U+10FFFF (Unicode 15, table 3-7).
  const auto second = static_cast<unsigned char>(bytes[1]);
  if (lead == 0xE0 && second < 0xA0) return 0;
  if (lead == 0xED && second > 0x9F) return 0;
  if (lead == 0xF0 && second < 0x90) return 0;
  if (lead == 0xF4 && second > 0x8F) return 0;
  return length;
}

}  // namespace

size_t whole_characters(std::string_view bytes) {
  for (size_t back = 1; back <= 3 && back <= bytes.size(); ++back) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - back]);
    if (is_continuation(byte)) continue;
    return sequence_length(byte) > back ? bytes.size() - back : bytes.size();
  }
  return bytes.size();
}

size_t valid_prefix(std::string_view bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    if (static_cast<unsigned char>(bytes[done]) < 0x80) {
      ++done;
      continue;
    }
    const size_t length = valid_character(bytes.substr(done));
    if (length == 0) break;
    done += length;
  }
  return done;
}

std::string to_valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const size_t length = valid_character(bytes);
    if (length > 0) {
      text.append(bytes.substr(0, length));
      bytes.remove_prefix(length);
    } else {
      text.append("\xEF\xBF\xBD");
      bytes.remove_prefix(1);
    }
  }
  return text;
}

}  // namespace fathom
