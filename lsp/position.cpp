#include "lsp/position.h"

#include <algorithm>

#include "engine/base/assert.h"

namespace fathom::lsp {
namespace {

// Small enough that the step into the last block is cheap, large enough for vector instructions.
constexpr size_t kBlock = 256;

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

/// Code units that begin with this byte: UTF-16 needs two for what UTF-8 writes in four bytes.
size_t units_of_byte(char byte, PositionEncoding encoding) {
  if (encoding == PositionEncoding::utf8) return 1;
  const size_t begins = is_continuation(byte) ? 0 : 1;
  const bool is_pair =
      encoding == PositionEncoding::utf16 && static_cast<unsigned char>(byte) >= 0xF0;
  return begins + (is_pair ? 1 : 0);
}

size_t start_of_character(std::string_view text, size_t offset) {
  while (offset > 0 && offset < text.size() && is_continuation(text[offset])) --offset;
  return offset;
}

}  // namespace

std::string_view name_of(PositionEncoding encoding) {
  switch (encoding) {
    case PositionEncoding::utf8:
      return "utf-8";
    case PositionEncoding::utf16:
      return "utf-16";
    case PositionEncoding::utf32:
      return "utf-32";
  }
  FATHOM_ASSERT(false);
}

size_t count_units(std::string_view text, PositionEncoding encoding) {
  if (encoding == PositionEncoding::utf8) return text.size();
  size_t units = 0;
  for (const char byte : text) units += units_of_byte(byte, encoding);
  return units;
}

size_t offset_of_units(std::string_view line, size_t units, PositionEncoding encoding) {
  if (encoding == PositionEncoding::utf8)
    return start_of_character(line, std::min(units, line.size()));

  size_t offset = 0;
  size_t seen = 0;
  while (offset + kBlock <= line.size()) {
    const size_t in_block = count_units(line.substr(offset, kBlock), encoding);
    if (seen + in_block > units) break;
    seen += in_block;
    offset += kBlock;
  }
  // The block may have ended inside a character whose units are all counted: skip its rest.
  while (offset < line.size()) {
    const size_t next = units_of_byte(line[offset], encoding);
    if (next > 0 && seen + next > units) break;
    seen += next;
    ++offset;
  }
  return offset;
}

}  // namespace fathom::lsp
