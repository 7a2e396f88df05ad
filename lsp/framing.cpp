#include "lsp/framing.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace fathom::lsp {
namespace {

constexpr std::string_view kLengthName = "Content-Length:";

char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; }

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// End of the line that starts at `from` and start of the next one, or npos twice. Clients end
/// header lines by \r\n; people who type messages by hand end them by \n.
struct LineEnd {
  size_t end = std::string_view::npos;
  size_t next = std::string_view::npos;
};

LineEnd find_line_end(std::string_view text, size_t from) {
  const size_t newline = text.find('\n', from);
  if (newline == std::string_view::npos) return {};
  const bool has_return = newline > from && text[newline - 1] == '\r';
  return {.end = newline - (has_return ? 1 : 0), .next = newline + 1};
}

struct HeaderLine {
  std::string error;             // not empty: the line is no header
  std::optional<size_t> n_body;  // if it is Content-Length
};

HeaderLine parse_header_line(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0)
    return {.error = "a header line is not \"Name: value\"", .n_body = {}};
  if (!same_ignoring_case(trim(line.substr(0, colon + 1)), kLengthName)) return {};

  const std::string_view digits = trim(line.substr(colon + 1));
  size_t n_body = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n_body);
  if (error != std::errc() || end != digits.data() + digits.size())
    return {.error = "Content-Length is not a number of bytes", .n_body = {}};
  if (n_body > FrameReader::kMaxBodyBytes)
    return {.error = fmt::format("Content-Length is {}, the limit is {}", n_body,
                                 FrameReader::kMaxBodyBytes),
            .n_body = {}};
  return {.error = {}, .n_body = n_body};
}

}  // namespace

void FrameReader::push(std::string_view bytes) {
  // Moved only here and only when half is used up, so that a burst of small messages costs O(n).
  if (begin_ > buffer_.size() / 2) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_ += bytes;
}

std::optional<Frame> FrameReader::next() {
  if (lost_) {
    if (std::optional<Frame> error = find_track(); error || lost_) return error;
  }
  return body_ ? read_body() : read_header();
}

std::optional<Frame> FrameReader::read_header() {
  begin_ = std::min(buffer_.find_first_not_of("\r\n", begin_), buffer_.size());  // stray line ends
  const std::string_view text = std::string_view(buffer_).substr(begin_);
  std::optional<size_t> n_body;
  size_t line = 0;
  while (true) {
    const LineEnd found = find_line_end(text, line);
    const size_t n_seen = found.next == std::string_view::npos ? text.size() : found.next;
    if (n_seen > kMaxHeaderBytes)
      return lose_track(fmt::format("a header is longer than {} bytes", kMaxHeaderBytes));
    if (found.next == std::string_view::npos) return std::nullopt;

    const std::string_view content = text.substr(line, found.end - line);
    line = found.next;
    if (content.empty()) break;
    const HeaderLine header = parse_header_line(content);
    if (!header.error.empty()) return lose_track(header.error);
    if (header.n_body && n_body) return lose_track("Content-Length is given twice");
    if (header.n_body) n_body = header.n_body;
  }
  if (!n_body) return lose_track("a header has no Content-Length");
  consume(line);
  body_ = n_body;
  return read_body();
}

std::optional<Frame> FrameReader::read_body() {
  if (buffer_.size() - begin_ < *body_) return std::nullopt;
  std::string body = buffer_.substr(begin_, *body_);
  consume(*body_);
  body_.reset();
  return Frame(std::move(body));
}

Frame FrameReader::lose_track(std::string message) {
  lost_ = true;
  consume(1);  // what is here was no header: the search must not find it again
  return FrameError{std::move(message)};
}

/// Skips to where a header may begin; an error if that is far.
std::optional<Frame> FrameReader::find_track() {
  const std::string_view text = std::string_view(buffer_).substr(begin_);
  const size_t found = text.find(kLengthName);
  // The name may be cut in two: keep what can still become it.
  const size_t n_keep = std::min(text.size(), kLengthName.size() - 1);
  const size_t n_useless = found == std::string_view::npos ? text.size() - n_keep : found;
  if (n_skipped_ + n_useless >= kMaxSkippedBytes) {
    consume(kMaxSkippedBytes - std::exchange(n_skipped_, 0));
    return FrameError{fmt::format("there is no header in {} bytes", kMaxSkippedBytes)};
  }
  consume(n_useless);
  n_skipped_ += n_useless;
  if (found == std::string_view::npos) return std::nullopt;
  lost_ = false;
  n_skipped_ = 0;
  return std::nullopt;
}

void FrameReader::consume(size_t n_bytes) { begin_ += n_bytes; }

std::string frame(std::string_view body) {
  return fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
}

}  // namespace fathom::lsp
