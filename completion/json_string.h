// What a JSON string may hold, byte by byte: valid UTF-8 and escapes, none of half a surrogate
// pair.
//
// Threads: one at a time.

#pragma once

#include <cstdint>

namespace fathom::completion {

class JsonString final {
 public:
  enum class Step {
    wrong,      // the byte must not come; the state is meaningless from here on
    inside,     // of a character
    character,  // that was one
    closed,     // that was the quote at the end
  };

  /// Takes the next byte behind the opening quote.
  Step advance(uint8_t byte);
  /// The next byte begins a character, or ends the string.
  bool between_characters() const { return escape_ == 0 && n_continuation_ == 0; }

  bool operator==(const JsonString&) const = default;

 private:
  Step advance_escape(uint8_t byte);

  uint8_t escape_ = 0;           // 1: behind a backslash; 2 to 5: hexadecimal digits of \u
  bool is_high_escape_ = false;  // \ud: a surrogate must not follow
  uint8_t n_continuation_ = 0;   // bytes that the character still needs
  uint8_t lowest_ = 0;           // what the next of them must be
  uint8_t highest_ = 0;
};

}  // namespace fathom::completion
