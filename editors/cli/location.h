// Places in files as people write them: "src/a.cpp:12:7", "src/a.cpp:10-20".
//
// File names may contain colons: numbers are taken from the right.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace fathom::cli {

/// 1-based; the column counts bytes.
struct Position {
  size_t line = 1;
  size_t column = 1;
};

struct FilePosition {
  std::string file;
  Position position;
};

/// "FILE:LINE:COL". Errors: invalid_argument.
Result<FilePosition> parse_file_position(std::string_view text);

/// 1-based, both included.
struct LineRange {
  size_t first = 1;
  size_t last = 1;
};

struct FileLines {
  std::string file;
  std::optional<LineRange> lines;  // nothing: the whole file
};

/// "FILE", "FILE:A-B" or "FILE:A". Errors: invalid_argument (B before A, or zero).
Result<FileLines> parse_file_lines(std::string_view text);

/// Byte offset of a position; the column may be one behind the last byte of the line, line breaks
/// (LF or CRLF) not counted. Errors: invalid_argument (outside the text; says what there is).
Result<size_t> offset_of(std::string_view text, Position position);
/// The position of a byte offset inside the text.
Position position_of(std::string_view text, size_t offset);

struct ByteRange {
  size_t begin = 0;
  size_t end = 0;
};

/// Bytes of whole lines, the last line break included. Errors: invalid_argument (starts behind the
/// end; a range that only ends there is cut).
Result<ByteRange> bytes_of(std::string_view text, LineRange lines);

}  // namespace fathom::cli
