#include "lsp/suggestion.h"

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace fathom::lsp {
namespace {

struct Case {
  std::string before;         // text up to the cursor
  std::string after;          // and behind it
  std::string insert;         // the completion
  size_t replace_before = 0;  // bytes it replaces at either side of the cursor
  size_t replace_after = 0;
  std::optional<SelectedCompletion> selected = std::nullopt;
};

Position end_of(const std::string& text) {
  const size_t line_begin = text.find_last_of('\n') + 1;
  return {.line = uint32_t(std::count(text.begin(), text.end(), '\n')),
          .character = uint32_t(count_units(text.substr(line_begin), PositionEncoding::utf16))};
}

std::optional<Suggestion> suggest(const Case& c) {
  const Document document({.uri = "file:///a", .path = "a", .language = ""}, 1, c.before + c.after,
                          PositionEncoding::utf16);
  const auto place = make_place(document, end_of(c.before), PositionEncoding::utf16);
  completion::Completion completion;
  completion.text = c.insert;
  completion.replace_begin = c.before.size() - c.replace_before;
  completion.replace_end = c.before.size() + c.replace_after;
  const auto made = make_suggestions(*place, completion, c.selected);
  EXPECT_LE(made.size(), 1u);
  return made.empty() ? std::nullopt : std::optional(made[0]);
}

/// "character-character|text", or "nothing".
void check(const Case& c, std::string_view expected) {
  const auto suggestion = suggest(c);
  const std::string shown = suggestion
                                ? fmt::format("{}-{}|{}", suggestion->range.start.character,
                                              suggestion->range.end.character, suggestion->text)
                                : "nothing";
  EXPECT_EQ(shown, expected);
}

SelectedCompletion entry(uint32_t begin, uint32_t end, std::string text) {
  return {.range = {{0, begin}, {0, end}}, .text = std::move(text)};
}

TEST(Suggestion, ReplacesTheRangeOfTheCompletionInTheClientsUnits) {
  check({.before = "f(\xF0\x9F\x98\x80, ", .after = ")", .insert = "b)", .replace_after = 1},
        "6-7|b)");
  check({.before = "ret", .after = "", .insert = "return x;", .replace_before = 3},
        "0-3|return x;");
}

TEST(Suggestion, OfSeveralLinesReplacesToTheEndOfTheLine) {
  check({.before = "a {", .after = " }\nnext", .insert = "\n  b\n"}, "3-5|\n  b\n }");
}

TEST(Suggestion, OfOneLineLeavesTheRestOfTheLineAlone) {
  check({.before = "a(", .after = ") + c\n", .insert = "b"}, "2-2|b");
}

TEST(Suggestion, EndsItsLinesWithNewlinesOnly) {
  check({.before = "a {\r\n  b", .after = "\r\n}", .insert = ";\r\n  c;\r"}, "3-3|;\n  c;\r");
}

TEST(Suggestion, IsNothingWithoutTextOrChange) {
  check({.before = "a", .after = "b", .insert = ""}, "nothing");
  check({.before = "ab", .after = "c", .insert = "bc", .replace_before = 1, .replace_after = 1},
        "nothing");
}

TEST(Suggestion, IsNothingIfItsRangeLeavesTheLine) {
  check({.before = "a\nb", .after = "", .insert = "x", .replace_before = 3}, "nothing");
  check({.before = "a", .after = "\nb", .insert = "x", .replace_after = 2}, "nothing");
}

TEST(Suggestion, ExtendsTheSelectedEntryWithTheSameRange) {
  check(
      {.before = "s.pu", .after = "", .insert = "sh_back(1)", .selected = entry(2, 4, "push_back")},
      "2-4|push_back(1)");
  check({.before = "s.pu",
         .after = ")",
         .insert = "push_back(1",
         .replace_before = 2,
         .selected = entry(2, 4, "push_back")},
        "2-4|push_back(1");
  check({.before = "s.pu",
         .after = "",
         .insert = "s.push(1)",
         .replace_before = 4,
         .selected = entry(2, 4, "push")},
        "2-4|push(1)");
}

TEST(Suggestion, IsNothingIfItDoesNotExtendTheSelectedEntry) {
  check({.before = "s.pu", .after = "", .insert = "t(1)", .selected = entry(2, 4, "push_back")},
        "nothing");
  check({.before = "s.pu",
         .after = ")",
         .insert = "sh(1)",
         .replace_after = 1,
         .selected = entry(2, 4, "push")},
        "nothing");
  check({.before = "pu",
         .after = "",
         .insert = "sh",
         .selected = SelectedCompletion{.range = {{1, 0}, {1, 2}}, .text = "push"}},
        "nothing");
}

}  // namespace
}  // namespace fathom::lsp
