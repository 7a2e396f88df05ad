#include "lsp/position.h"

#include <algorithm>

#include "engine/base/assert.h"

namespace fathom::lsp {
namespace {

// 64 bytes are at most 128 code units: they can be counted in one byte, which is what makes the
// compiler count 16 or more of them at a time.
constexpr size_t kBlock = 64;

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

/// Code units that begin with this byte: UTF-16 needs two for what UTF-8 writes in four bytes.
size_t units_of_byte(char byte, PositionEncoding encoding) {
  if (encoding == PositionEncoding::utf8) return 1;
  const size_t begins = is_continuation(byte) ? 0 : 1;
  const bool is_pair =
      encoding == PositionEncoding::utf16 && static_cast<unsigned char>(byte) >= 0xF0;
  return begins + (is_pair ? 1 : 0);
}

size_t count_units_of_block(const char* block, PositionEncoding encoding) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(block);
  uint8_t units = 0;
  for (size_t i = 0; i < kBlock; ++i) units += (bytes[i] & 0xC0) != 0x80 ? 1 : 0;
  if (encoding == PositionEncoding::utf16)
    for (size_t i = 0; i < kBlock; ++i) units += bytes[i] >= 0xF0 ? 1 : 0;
  return units;
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
  size_t offset = 0;
  for (; offset + kBlock <= text.size(); offset += kBlock)
    units += count_units_of_block(text.data() + offset, encoding);
  for (; offset < text.size(); ++offset) units += units_of_byte(text[offset], encoding);
  return units;
}

size_t offset_of_units(std::string_view line, size_t units, PositionEncoding encoding) {
  if (encoding == PositionEncoding::utf8)
    return start_of_character(line, std::min(units, line.size()));

  size_t offset = 0;
  size_t seen = 0;
  while (offset + kBlock <= line.size()) {
    const size_t in_block = count_units_of_block(line.data() + offset, encoding);
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
