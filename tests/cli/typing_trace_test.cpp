#include "editors/cli/typing_trace.h"

#include <gtest/gtest.h>

#include "engine/base/mapped_file.h"

namespace fathom::cli {
namespace {

std::string trace_with(std::string_view event) {
  return fmt::format(R"({{"path": "a.cpp", "text": "x\n", "events": [{}]}})", event);
}

TEST(TypingTrace, ReadsEveryKindOfEvent) {
  const auto trace = parse_typing_trace(
      trace_with(
          R"x([0, "move", 1, 2], [7, "type", "a"], [1, "backspace"], [2, "follow", 3], [3, "accept"], [4, "pair", "(", ")"], [5, "over"])x"),
      "test");
  ASSERT_TRUE(trace) << trace.error().message;
  ASSERT_EQ(trace->events.size(), 7);
  EXPECT_EQ(trace->text, "x\n");
  EXPECT_EQ(trace->events[0].position.column, 2);
  EXPECT_EQ(trace->events[1].text, "a");
  EXPECT_EQ(trace->events[1].ms, 7);
  EXPECT_EQ(trace->events[3].count, 3);
  EXPECT_EQ(trace->events[5].text, "(");
  EXPECT_EQ(trace->events[5].after, ")");
}

TEST(TypingTrace, RefusesEventsThatAreNone) {
  for (const char* bad : {"1", "[]", "[0]", R"(["type", "a"])", R"([0, "jump"])",
                          R"([0, "move", 1])", R"([0, "move", 0, 1])", R"([0, "type", ""])",
                          R"([0, "type", 1])", R"([-1, "accept"])", R"([0, "accept", 1])",
                          R"([0, "pair", "["])", R"([0, "pair", "[", 1])", R"([0, "follow", -1])"})
    EXPECT_FALSE(parse_typing_trace(trace_with(bad), "test")) << bad;
}

TEST(TypingTrace, RefusesWhatIsNoTrace) {
  for (const char* bad : {"", "[", "{}", "[]", R"({"path": 1, "text": "", "events": []})"})
    EXPECT_FALSE(parse_typing_trace(bad, "test")) << bad;
}

/// The text after a session of the repository.
std::string played(const std::string& name) {
  const auto json = read_text_file("bench/traces/" + name, 1 << 20);
  const auto trace = json ? parse_typing_trace(*json, name) : tl::unexpected(json.error());
  if (!trace) return trace.error().message;
  std::string text = trace->text;
  size_t cursor = 0;
  for (const TraceEvent& event : trace->events) {
    if (event.kind == TraceEvent::Kind::move) {
      const auto offset = offset_of(text, event.position);
      if (!offset) return offset.error().message;
      cursor = *offset;
    } else if (event.kind == TraceEvent::Kind::type || event.kind == TraceEvent::Kind::pair) {
      text.insert(cursor, event.text + event.after);
      cursor += event.text.size();
    } else if (event.kind == TraceEvent::Kind::over) {
      ++cursor;
    } else if (event.kind == TraceEvent::Kind::backspace) {
      if (cursor == 0) return "a backspace at the begin";
      text.erase(--cursor, 1);
    }
  }
  return text;
}

TEST(TypingTrace, OfTheRepositoryPlaysInsideItsText) {
  const auto check = [](const std::string& name, const std::string& written) {
    EXPECT_NE(played(name).find(written), std::string::npos) << played(name);
  };
  check("prefix_tree.json",
        "longest = std::max(longest, depth_of(&node));\n  });\n  return longest;\n}");
  check("ledger.json", "    if not cleaned:\n        raise LedgerError(\"an empty amount\")\n");
  check("task_queue.json", "  get isIdle(): boolean {\n    return this.size === 0;\n  }\n");
  check("cache.json", "\t\telement = previous\n\t}\n\treturn removed\n}\n");
  check("matrix.json",
        "        for i in 0..self.rows {\n            sum += self[(i, i)];\n        }\n");
}

}  // namespace
}  // namespace fathom::cli
