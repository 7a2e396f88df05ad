// What a model may quote of a part of a change: one or several of its lines, the first of them an
// added one, with or without its indentation. As a JSON string has them, so that a grammar can
// follow a quote byte by byte.
//
// Immutable; any thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "completion/review/anchor.h"

namespace fathom::completion {

class QuotableLines final {
 public:
  /// Quotes take at most `max_bytes`; a longer line can be quoted as far.
  QuotableLines(std::span<const ShownLine> shown, size_t max_bytes);
  QuotableLines(const QuotableLines&) = delete;
  QuotableLines& operator=(const QuotableLines&) = delete;

  bool empty() const { return quotes_.empty(); }
  /// What can be quoted of one line, each once.
  std::vector<std::string_view> lines() const;

  /// A quote so far.
  struct Quote {
    uint32_t begin = 0;  // of the quotes that begin so, in their order
    uint32_t end = 0;
    uint16_t n_bytes = 0;
    bool is_escape = false;  // the last byte is the backslash of an escape
  };
  Quote begin_quote() const { return {.end = static_cast<uint32_t>(quotes_.size())}; }
  /// Whether a quote goes on with the byte.
  bool advance(Quote& quote, uint8_t byte) const;
  /// Whether it may end here: behind a line, or where it is long enough.
  bool may_end(const Quote& quote) const;

 private:
  std::pair<uint32_t, uint32_t> with_next(const Quote& quote, uint8_t byte) const;

  std::vector<std::string> texts_;        // lines that follow each other
  std::vector<std::string_view> quotes_;  // of texts_, the longest from each begin; sorted
};

}  // namespace fathom::completion
