// A stream of events from any server, in any pieces: the same events, and answers that are read or
// refused.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "completion/remote/read_json.h"
#include "completion/remote/sse_parser.h"

namespace {

using fathom::completion::SseParser;

constexpr size_t kMaxEvent = 256;

/// The events, and "!" if the stream is refused.
std::vector<std::string> parse(std::string_view text, size_t piece) {
  std::vector<std::string> events;
  SseParser parser(kMaxEvent);
  while (!text.empty()) {
    const auto status =
        parser.feed(text.substr(0, piece), [&](std::string_view type, std::string_view data) {
          events.push_back(std::string(type) + '|' + std::string(data));
        });
    if (!status) {
      events.push_back("!");
      break;
    }
    text.remove_prefix(std::min(piece, text.size()));
  }
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> whole = parse(text, text.size() + 1);
  for (const size_t piece : {1, 2, 3, 7})
    if (parse(text, piece) != whole) std::abort();
  for (const std::string& event : whole) {
    if (event.size() > kMaxEvent + text.size()) std::abort();
    const std::string message = fathom::completion::server_message(event);
    if (message.find_first_of("\n\r\x1b") != std::string::npos) std::abort();
  }
  return 0;
}
