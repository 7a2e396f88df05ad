// The alphabet in which byte-level BPE vocabularies are written.
//
// Each of the 256 bytes is one printable character: itself where it is printable in Latin-1, else
// a character from U+0100 on (a space is U+0120). Source: bytes_to_unicode in GPT-2's encoder.py.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fathom::engine {

/// The UTF-8 spelling of the character for `byte`.
std::string spell_byte(uint8_t byte);

/// The bytes that `spelling` stands for; nothing if it has a character outside the alphabet.
std::optional<std::string> spelled_bytes(std::string_view spelling);

}  // namespace fathom::engine
