#include "engine/stop_strings.h"

#include <algorithm>
#include <utility>

namespace fathom::engine {

StopStrings::StopStrings(std::vector<std::string> strings, size_t max_feed_bytes)
    : strings_(std::move(strings)) {
  std::erase_if(strings_, [](const std::string& string) { return string.empty(); });
  for (const std::string& string : strings_) longest_ = std::max(longest_, string.size());
  if (longest_ > 0) tail_.reserve(longest_ + max_feed_bytes);
}

bool StopStrings::feed(std::string_view bytes) {
  if (strings_.empty()) return false;
  tail_ += bytes;
  for (const std::string& string : strings_)
    if (tail_.find(string) != std::string::npos) return true;
  if (tail_.size() > longest_) tail_.erase(0, tail_.size() - longest_);
  return false;
}

}  // namespace fathom::engine
