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
          R"([0, "move", 1, 2], [7, "type", "a"], [1, "backspace"], [2, "follow", 3], [3, "accept"])"),
      "test");
  ASSERT_TRUE(trace) << trace.error().message;
  ASSERT_EQ(trace->events.size(), 5);
  EXPECT_EQ(trace->text, "x\n");
  EXPECT_EQ(trace->events[0].position.column, 2);
  EXPECT_EQ(trace->events[1].text, "a");
  EXPECT_EQ(trace->events[1].ms, 7);
  EXPECT_EQ(trace->events[3].count, 3);
}

TEST(TypingTrace, RefusesEventsThatAreNone) {
  for (const char* bad :
       {"1", "[]", "[0]", R"(["type", "a"])", R"([0, "jump"])", R"([0, "move", 1])",
        R"([0, "move", 0, 1])", R"([0, "type", ""])", R"([0, "type", 1])", R"([-1, "accept"])",
        R"([0, "accept", 1])", R"([0, "follow", -1])"})
    EXPECT_FALSE(parse_typing_trace(trace_with(bad), "test")) << bad;
}

TEST(TypingTrace, RefusesWhatIsNoTrace) {
  for (const char* bad : {"", "[", "{}", "[]", R"({"path": 1, "text": "", "events": []})"})
    EXPECT_FALSE(parse_typing_trace(bad, "test")) << bad;
}

TEST(TypingTrace, OfTheRepositoryPlaysInsideItsText) {
  const auto json = read_text_file("bench/traces/prefix_tree.json", 1 << 20);
  ASSERT_TRUE(json);
  const auto trace = parse_typing_trace(*json, "prefix_tree.json");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_GE(std::count(trace->text.begin(), trace->text.end(), '\n'), 300);

  std::string text = trace->text;
  size_t cursor = 0;
  for (const TraceEvent& event : trace->events) {
    if (event.kind == TraceEvent::Kind::move) {
      const auto offset = offset_of(text, event.position);
      ASSERT_TRUE(offset) << offset.error().message;
      cursor = *offset;
    } else if (event.kind == TraceEvent::Kind::type) {
      text.insert(cursor, event.text);
      cursor += event.text.size();
    } else if (event.kind == TraceEvent::Kind::backspace) {
      ASSERT_GT(cursor, 0);
      text.erase(--cursor, 1);
    }
  }
  EXPECT_NE(text.find("longest = std::max(longest, depth_of(&node));\n  });\n  return longest;\n}"),
            std::string::npos);
}

}  // namespace
}  // namespace fathom::cli
