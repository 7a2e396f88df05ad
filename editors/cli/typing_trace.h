// A recorded editing session (bench/traces/README.md describes the file).

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "editors/cli/location.h"
#include "engine/base/result.h"

namespace fathom::cli {

struct TraceEvent {
  enum class Kind { move, type, pair, over, backspace, follow, accept };

  int ms = 0;  // since the event before
  Kind kind = Kind::type;
  Position position;  // move
  std::string text;   // type, pair: goes before the cursor
  std::string after;  // pair: and behind it
  int count = 0;      // follow: characters
};

struct TypingTrace {
  std::string path;
  std::string text;  // when the session begins
  std::vector<TraceEvent> events;
};

/// `name` is for messages. Errors: corrupt (says which event).
Result<TypingTrace> parse_typing_trace(std::string_view json, std::string_view name);

}  // namespace fathom::cli
