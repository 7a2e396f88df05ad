// Server-sent events: the bytes of a text/event-stream, however they are cut, to events.
//
// Source: WHATWG HTML, section 9.2.6 "Interpreting an event stream". `id` and `retry` are for
// clients that connect again, which this one does not: a generation cannot be gone on with.
//
// Threads: one at a time.

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace fathom::completion {

class SseParser final {
 public:
  /// `type`: "message" unless the event says otherwise. Both are valid during the call.
  using OnEvent = std::function<void(std::string_view type, std::string_view data)>;

  /// `max_event_bytes`: of one event and of one line.
  explicit SseParser(size_t max_event_bytes) : max_event_bytes_(max_event_bytes) {}

  /// Calls `on_event` for each event that is complete. What is left when the stream ends is no
  /// event. Errors: corrupt (longer than the limit); then nothing more can be read.
  Status feed(std::string_view bytes, const OnEvent& on_event);

 private:
  void take_line(const OnEvent& on_event);

  const size_t max_event_bytes_;
  std::string line_;  // what has come of it
  std::string type_;
  std::string data_;
  bool is_first_line_ = true;  // which may begin with a byte order mark
  bool after_cr_ = false;      // a line feed that follows belongs to it
};

}  // namespace fathom::completion
