// Lines of a text by byte offset. Lines end with LF or CRLF; the text may hold any bytes.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fathom::completion {

/// Start of the line that holds `offset`.
size_t line_start(std::string_view text, size_t offset);
/// End of that line, before its LF or CRLF.
size_t line_end(std::string_view text, size_t offset);
/// Start of the line after it; text.size() if it is the last.
size_t next_line(std::string_view text, size_t offset);

/// Spaces or tabs only, or nothing; line ends count as blank, too.
bool is_blank(std::string_view text);
/// Columns of the indentation of the line that `line` begins with; a tab goes to the next 8.
int indent_of(std::string_view line);
std::string_view trim_right(std::string_view text);
std::string_view trim(std::string_view text);

/// Letters, digits, '_', and every byte of a character beyond ASCII.
bool is_word_byte(char byte);
/// One of ) ] } and the quotes, which editors close by themselves.
bool is_closer(char byte);

/// The smallest offset >= `offset` that does not lie inside a UTF-8 character.
size_t next_character(std::string_view text, size_t offset);

/// `text` with LF for CRLF, and without a byte order mark at its begin.
std::string to_lf(std::string_view text);
/// `text` with CRLF for LF.
std::string to_crlf(std::string_view text);

}  // namespace fathom::completion
