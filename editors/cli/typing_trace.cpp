#include "editors/cli/typing_trace.h"

#include <array>
#include <optional>

#include <nlohmann/json.hpp>

namespace fathom::cli {
namespace {

using nlohmann::json;
using Kind = TraceEvent::Kind;

struct KindRow {
  std::string_view name;
  Kind kind;
  size_t n_arguments;
};

constexpr KindRow kKinds[] = {
    {"move", Kind::move, 2},     {"type", Kind::type, 1},           {"pair", Kind::pair, 2},
    {"over", Kind::over, 0},     {"backspace", Kind::backspace, 0}, {"follow", Kind::follow, 1},
    {"accept", Kind::accept, 0},
};

bool is_count(const json& value) {
  return value.is_number_integer() && value.get<int64_t>() > 0 && value.get<int64_t>() < 1 << 30;
}

std::optional<TraceEvent> parse_event(const json& event) {
  const bool is_event =
      event.is_array() && event.size() >= 2 && event[0].is_number_integer() && event[1].is_string();
  if (!is_event) return std::nullopt;
  const int64_t ms = event[0].get<int64_t>();
  if (ms < 0 || ms > 60'000) return std::nullopt;

  for (const KindRow& row : kKinds) {
    if (row.name != event[1].get_ref<const std::string&>()) continue;
    if (event.size() != 2 + row.n_arguments) return std::nullopt;
    TraceEvent parsed = {.ms = static_cast<int>(ms), .kind = row.kind};
    if (row.kind == Kind::move) {
      if (!is_count(event[2]) || !is_count(event[3])) return std::nullopt;
      parsed.position = {event[2].get<size_t>(), event[3].get<size_t>()};
    } else if (row.kind == Kind::type || row.kind == Kind::pair) {
      if (!event[2].is_string() || !event.back().is_string()) return std::nullopt;
      parsed.text = event[2].get<std::string>();
      if (row.kind == Kind::pair) parsed.after = event[3].get<std::string>();
      if (parsed.text.empty()) return std::nullopt;
    } else if (row.kind == Kind::follow) {
      if (!is_count(event[2])) return std::nullopt;
      parsed.count = event[2].get<int>();
    }
    return parsed;
  }
  return std::nullopt;
}

}  // namespace

Result<TypingTrace> parse_typing_trace(std::string_view text, std::string_view name) {
  const json trace = json::parse(text, nullptr, false);
  const bool is_trace = trace.is_object() && trace.contains("path") && trace["path"].is_string() &&
                        trace.contains("text") && trace["text"].is_string() &&
                        trace.contains("events") && trace["events"].is_array();
  if (!is_trace)
    return fail(ErrorCode::corrupt,
                "{}: not an editing trace: expected a JSON object with path, text and events",
                name);

  TypingTrace parsed = {.path = trace["path"].get<std::string>(),
                        .text = trace["text"].get<std::string>(),
                        .events = {}};
  for (const json& event : trace["events"]) {
    std::optional<TraceEvent> next = parse_event(event);
    if (!next)
      return fail(ErrorCode::corrupt, "{}: event {} is not one of those in bench/traces/README.md",
                  name, parsed.events.size());
    parsed.events.push_back(std::move(*next));
  }
  return parsed;
}

}  // namespace fathom::cli
