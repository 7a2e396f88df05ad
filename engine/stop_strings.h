// Whether a growing text contains one of some strings.
//
// Threads: one at a time.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fathom::engine {

class StopStrings final {
 public:
  /// Empty ones are in no text. feed() allocates nothing for up to `max_feed_bytes` at once.
  StopStrings(std::vector<std::string> strings, size_t max_feed_bytes);

  /// The text goes on with `bytes`. True if it contains one now.
  bool feed(std::string_view bytes);

 private:
  std::vector<std::string> strings_;
  size_t longest_ = 0;
  std::string tail_;  // last bytes of the text, as many as a string could begin in
};

}  // namespace fathom::engine
