#include "editors/cli/text_stream.h"

#include <algorithm>
#include <utility>

#include "engine/base/text.h"

namespace fathom::cli {

TextStream::TextStream(std::vector<std::string> stop_strings)
    : stop_strings_(std::move(stop_strings)) {
  std::erase(stop_strings_, "");
}

std::string_view TextStream::push(std::string_view bytes) {
  if (stopped_) return {};
  text_ += bytes;
  size_t stop = std::string::npos;
  for (const std::string& s : stop_strings_) stop = std::min(stop, text_.find(s, released_));
  if (stop != std::string::npos) {
    stopped_ = true;
    text_.resize(stop);
    return release_up_to(stop);
  }
  const std::string_view pending = std::string_view(text_).substr(released_);
  return release_up_to(std::min(possible_stop(), released_ + whole_characters(pending)));
}

std::string_view TextStream::finish() { return release_up_to(text_.size()); }

std::string_view TextStream::release_up_to(size_t end) {
  const size_t begin = std::exchange(released_, std::max(released_, end));
  return std::string_view(text_).substr(begin, released_ - begin);
}

/// The first place from which the rest of the text is the beginning of a stop string.
size_t TextStream::possible_stop() const {
  const std::string_view text = text_;
  for (size_t begin = released_; begin < text.size(); ++begin)
    for (const std::string& s : stop_strings_)
      if (std::string_view(s).starts_with(text.substr(begin))) return begin;
  return text.size();
}

}  // namespace fathom::cli
