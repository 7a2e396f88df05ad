#include "completion/stop_rules.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "completion/repetition.h"

namespace fathom::completion {
namespace {

// More empty lines than anyone leaves between two lines of code.
constexpr std::ptrdiff_t kMaxLeadingLineEnds = 3;

/// End of the first line that is not blank; npos while it has none.
size_t end_of_first_line(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) {
    const auto n_line_ends = std::count(text.begin(), text.end(), '\n');
    return n_line_ends > kMaxLeadingLineEnds ? 0 : std::string_view::npos;
  }
  return text.find('\n', first);
}

/// Length of the first `n` lines that are not leading blanks; npos if there are no more than that.
size_t end_of_lines(std::string_view text, int n) {
  size_t end = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  for (; n > 0; --n) {
    end = text.find('\n', end);
    if (end == std::string_view::npos || n == 1) return end;
    ++end;
  }
  return std::string_view::npos;
}

}  // namespace

StopRules::StopRules(StopOptions options) : options_(std::move(options)) {}

std::string_view StopRules::text() const {
  const std::string_view generated = generated_;
  if (!generated.starts_with(options_.forced_prefix)) return {};
  return generated.substr(options_.forced_prefix.size(), length_);
}

bool StopRules::stop(std::string_view reason, size_t length) {
  reason_ = reason;
  length_ = length;
  return false;
}

bool StopRules::feed_line(std::string_view new_text) {
  const size_t end = end_of_first_line(new_text);
  if (end == std::string_view::npos) {
    const bool too_long = options_.max_line_tokens > 0 && n_tokens_ >= options_.max_line_tokens;
    return too_long ? stop("max_tokens", std::string::npos) : true;
  }
  if (options_.opened_block) options_.block = options_.opened_block(new_text.substr(0, end));
  if (!options_.block) return stop("line", end);
  block_begin_ = end;
  return true;
}

bool StopRules::feed(std::string_view bytes) {
  generated_ += bytes;
  ++n_tokens_;
  const std::string_view forced = options_.forced_prefix;
  if (!generated_.starts_with(forced)) return generated_.size() < forced.size();
  const std::string_view new_text = text();
  if (!options_.block && !feed_line(new_text)) return false;
  size_t block_end = std::string_view::npos;
  if (options_.block) {
    const std::optional<size_t> end = options_.block->find(new_text.substr(block_begin_));
    if (end) block_end = block_begin_ + *end;
  }
  const size_t lines_end = end_of_lines(new_text, options_.max_lines);
  if (lines_end < block_end) return stop("max_lines", lines_end);
  if (block_end != std::string_view::npos) return stop("block", block_end);
  if (const std::optional<size_t> end = length_before_loop(new_text)) return stop("loop", *end);
  return true;
}

}  // namespace fathom::completion
