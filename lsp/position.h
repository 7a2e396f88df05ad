// Places in a document as the protocol counts them, and their conversion within one line.
//
// The protocol counts lines from 0 and characters in code units of an encoding that client and
// server agree on in `initialize`. Inside fathom a place is a byte offset in UTF-8 text.
//
// Text that is not valid UTF-8 is no error here: every byte that begins no character counts as a
// part of the one before.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fathom::lsp {

struct Position {
  uint32_t line = 0;
  uint32_t character = 0;  // code units from the start of the line

  friend bool operator==(const Position&, const Position&) = default;
  friend auto operator<=>(const Position&, const Position&) = default;
};

/// Half open.
struct Range {
  Position start;
  Position end;

  friend bool operator==(const Range&, const Range&) = default;
};

enum class PositionEncoding { utf8, utf16, utf32 };

/// "utf-8", "utf-16", "utf-32": the protocol's names.
std::string_view name_of(PositionEncoding encoding);

/// Code units of `text`.
size_t count_units(std::string_view text, PositionEncoding encoding);

/// Bytes of `line` before its `units`-th code unit. Behind the end: the end. Inside a character:
/// the start of that character. O(units), 16 bytes or more at a time, for files on one line.
size_t offset_of_units(std::string_view line, size_t units, PositionEncoding encoding);

}  // namespace fathom::lsp
