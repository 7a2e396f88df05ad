#include "editors/cli/location.h"

#include <algorithm>
#include <charconv>

namespace fathom::cli {
namespace {

/// Nothing unless all of `text` is a number above zero.
std::optional<size_t> parse_count(std::string_view text) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

struct Tail {
  std::string_view rest;
  std::string_view last;
};

/// Cuts at the last colon.
std::optional<Tail> split_last(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return Tail{text.substr(0, colon), text.substr(colon + 1)};
}

bool is_range(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789-") == std::string_view::npos;
}

/// Where a line begins; nothing if there are fewer lines. A text that ends in a line break has an
/// empty line behind it.
std::optional<size_t> begin_of_line(std::string_view text, size_t line) {
  size_t begin = 0;
  for (size_t current = 1; current < line; ++current) {
    const size_t newline = text.find('\n', begin);
    if (newline == std::string_view::npos) return std::nullopt;
    begin = newline + 1;
  }
  return begin;
}

/// The line at `begin` without its line break.
std::string_view line_at(std::string_view text, size_t begin) {
  std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

size_t count_lines(std::string_view text) {
  return 1 + static_cast<size_t>(std::ranges::count(text, '\n'));
}

}  // namespace

Result<FilePosition> parse_file_position(std::string_view text) {
  if (const std::optional<Tail> column = split_last(text))
    if (const std::optional<Tail> line = split_last(column->rest)) {
      const std::optional<size_t> line_number = parse_count(line->last);
      const std::optional<size_t> column_number = parse_count(column->last);
      if (line_number && column_number && !line->rest.empty())
        return FilePosition{std::string(line->rest), {*line_number, *column_number}};
    }
  return fail(
      ErrorCode::invalid_argument,
      "'{}' is not FILE:LINE:COL; lines and columns are numbers from 1, columns count bytes", text);
}

Result<FileLines> parse_file_lines(std::string_view text) {
  const std::optional<Tail> tail = split_last(text);
  if (!tail || tail->rest.empty() || !is_range(tail->last))
    return FileLines{std::string(text), std::nullopt};

  const size_t dash = tail->last.find('-');
  const std::string_view last =
      dash == std::string_view::npos ? tail->last : tail->last.substr(dash + 1);
  const std::optional<size_t> a = parse_count(tail->last.substr(0, dash));
  const std::optional<size_t> b = parse_count(last);
  if (!a || !b || *b < *a)
    return fail(ErrorCode::invalid_argument,
                "'{}': lines are given as FILE:A-B, numbers from 1, A not behind B", text);
  return FileLines{std::string(tail->rest), LineRange{*a, *b}};
}

Result<size_t> offset_of(std::string_view text, Position position) {
  const std::optional<size_t> begin = begin_of_line(text, position.line);
  if (!begin)
    return fail(ErrorCode::invalid_argument, "there is no line {}: the file has {}", position.line,
                count_lines(text));
  const size_t length = line_at(text, *begin).size();
  if (position.column > length + 1)
    return fail(ErrorCode::invalid_argument,
                "there is no column {} in line {}: it has {} bytes, so columns end at {}",
                position.column, position.line, length, length + 1);
  return *begin + position.column - 1;
}

Position position_of(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const size_t newline = before.rfind('\n');
  const size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
  return {count_lines(before), offset - begin + 1};
}

Result<ByteRange> bytes_of(std::string_view text, LineRange lines) {
  const std::optional<size_t> begin = begin_of_line(text, lines.first);
  if (!begin || *begin == text.size())
    return fail(ErrorCode::invalid_argument, "there is no line {}: the file has {}", lines.first,
                count_lines(text) - (text.empty() || text.ends_with('\n')));
  return ByteRange{*begin, begin_of_line(text, lines.last + 1).value_or(text.size())};
}

}  // namespace fathom::cli
