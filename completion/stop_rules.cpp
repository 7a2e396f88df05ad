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

}  // namespace

StopRules::StopRules(std::string forced_prefix, std::unique_ptr<BlockEnd> block)
    : forced_prefix_(std::move(forced_prefix)), block_(std::move(block)) {}

std::string_view StopRules::text() const {
  const std::string_view generated = generated_;
  if (!generated.starts_with(forced_prefix_)) return {};
  return generated.substr(forced_prefix_.size(), length_);
}

bool StopRules::stop(std::string_view reason, size_t length) {
  reason_ = reason;
  length_ = length;
  return false;
}

bool StopRules::feed(std::string_view bytes) {
  generated_ += bytes;
  if (!generated_.starts_with(forced_prefix_)) return generated_.size() < forced_prefix_.size();
  const std::string_view new_text = text();
  if (block_) {
    if (const std::optional<size_t> end = block_->find(new_text)) return stop("block", *end);
  } else if (const size_t end = end_of_first_line(new_text); end != std::string_view::npos) {
    return stop("line", end);
  }
  if (const std::optional<size_t> end = length_before_loop(new_text)) return stop("loop", *end);
  return true;
}

}  // namespace fathom::completion
