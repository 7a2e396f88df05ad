#include "http/text_stream.h"

#include <algorithm>
#include <utility>

#include "engine/base/text.h"

namespace fathom::http {
namespace {

/// Length of the longest end of `text` that `stop` begins with.
size_t begun(std::string_view text, std::string_view stop) {
  size_t n = std::min(text.size(), stop.size() - 1);
  while (n > 0 && !stop.starts_with(text.substr(text.size() - n))) --n;
  return n;
}

}  // namespace

TextStream::TextStream(std::vector<std::string> stops) : stops_(std::move(stops)) {}

std::string TextStream::take(size_t n_bytes) {
  std::string text = to_valid_utf8(std::string_view(held_).substr(0, n_bytes));
  held_.erase(0, n_bytes);
  return text;
}

std::string TextStream::feed(std::string_view bytes) {
  if (stopped_) return {};
  held_ += bytes;
  size_t first = std::string::npos;
  size_t n_held = 0;
  for (const std::string& stop : stops_) {
    first = std::min(first, held_.find(stop));
    n_held = std::max(n_held, begun(held_, stop));
  }
  if (first != std::string::npos) {
    stopped_ = true;
    return take(first);
  }
  return take(whole_characters(std::string_view(held_).substr(0, held_.size() - n_held)));
}

std::string TextStream::finish() { return stopped_ ? std::string() : take(held_.size()); }

}  // namespace fathom::http
