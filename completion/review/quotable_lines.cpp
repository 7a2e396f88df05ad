#include "completion/review/quotable_lines.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "completion/lines.h"
#include "engine/base/text.h"

namespace fathom::completion {
namespace {

constexpr std::string_view kLineEnd = "\\n";

/// As JSON writes it, in the shortest way.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result.append(1, '\\').append(1, c);
    } else if (c == '\t') {
      result += "\\t";
    } else if (static_cast<uint8_t>(c) < 0x20) {
      result += fmt::format("\\u{:04x}", static_cast<uint8_t>(c));
    } else {
      result += c;
    }
  }
  return result;
}

/// `line` as far as it takes no more than `max_bytes` when it is escaped.
std::string_view cut(std::string_view line, size_t max_bytes) {
  size_t n = std::min(line.size(), max_bytes);
  while (escaped(line.substr(0, n)).size() > max_bytes) --n;
  return line.substr(0, valid_prefix(line.substr(0, n)));
}

struct Line {
  size_t begin = 0;  // in the text of all lines
  size_t end = 0;
  size_t indent = 0;
  bool is_begin = false;  // a quote may begin here
};

}  // namespace

QuotableLines::QuotableLines(std::span<const ShownLine> shown, size_t max_bytes) {
  std::vector<std::vector<Line>> runs;  // of each of texts_
  int previous = 0;
  for (const ShownLine& line : shown) {
    if (line.number == 0) continue;
    if (runs.empty() || line.number != previous + 1) {
      runs.emplace_back();
      texts_.emplace_back();
    }
    previous = line.number;
    const std::string_view text = cut(line.text, max_bytes);
    const size_t indent = std::min(text.find_first_not_of(" \t"), text.size());
    if (!runs.back().empty()) texts_.back() += kLineEnd;
    const size_t begin = texts_.back().size();
    texts_.back() += escaped(text);
    runs.back().push_back({.begin = begin,
                           .end = texts_.back().size(),
                           .indent = escaped(text.substr(0, indent)).size(),
                           .is_begin = line.is_added && line.is_in_hunk && !is_blank(text)});
  }
  for (size_t run = 0; run < runs.size(); ++run) {
    const std::string_view text = texts_[run];
    const std::vector<Line>& lines = runs[run];
    for (size_t first = 0; first < lines.size(); ++first) {
      if (!lines[first].is_begin) continue;
      for (const size_t indent : {size_t{0}, lines[first].indent}) {
        const size_t begin = lines[first].begin + indent;
        size_t last = first;
        while (last + 1 < lines.size() && lines[last + 1].end - begin <= max_bytes) ++last;
        quotes_.push_back(text.substr(begin, lines[last].end - begin));
        if (lines[first].indent == 0) break;
      }
    }
  }
  std::ranges::sort(quotes_);
}

std::vector<std::string_view> QuotableLines::lines() const {
  std::vector<std::string_view> lines;
  for (const std::string_view quote : quotes_) {
    Quote line = begin_quote();
    size_t n = 0;
    do {
      advance(line, static_cast<uint8_t>(quote[n++]));
    } while (n < quote.size() && !may_end(line));
    lines.push_back(quote.substr(0, n));
  }
  std::ranges::sort(lines);
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return lines;
}

/// Of the quotes that begin so, those that go on with the byte.
std::pair<uint32_t, uint32_t> QuotableLines::with_next(const Quote& quote, uint8_t byte) const {
  const auto next = [&](std::string_view text) {
    return text.size() > quote.n_bytes ? static_cast<uint8_t>(text[quote.n_bytes]) : -1;
  };
  const auto end = quotes_.begin() + quote.end;
  const auto first =
      std::ranges::lower_bound(quotes_.begin() + quote.begin, end, int{byte}, {}, next);
  const auto last = std::ranges::upper_bound(first, end, int{byte}, {}, next);
  return {static_cast<uint32_t>(first - quotes_.begin()),
          static_cast<uint32_t>(last - quotes_.begin())};
}

bool QuotableLines::advance(Quote& quote, uint8_t byte) const {
  std::tie(quote.begin, quote.end) = with_next(quote, byte);
  ++quote.n_bytes;
  quote.is_escape = !quote.is_escape && byte == '\\';
  return quote.begin < quote.end;
}

bool QuotableLines::may_end(const Quote& quote) const {
  if (quote.is_escape || quote.n_bytes == 0 || quote.begin == quote.end) return false;
  if (quotes_[quote.begin].size() == quote.n_bytes) return true;
  Quote behind = quote;
  return advance(behind, '\\') && advance(behind, 'n');
}

}  // namespace fathom::completion
